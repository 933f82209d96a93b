"""Commands that train a detector and package it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lobule.words import counted
from lobule_ml.quiet import start_keras
from mammo_worker.commands.options import (
    AheadOption,
    ChangeOption,
    DataOption,
    FoldOption,
    RunOption,
    UntilOption,
    WeightsOption,
    read_film_plan,
    refused_or_exit,
)

if TYPE_CHECKING:
    from mammo_worker.data.annotated import AnnotatedFilm
    from mammo_worker.detector.plan import DetectorPlan
    from mammo_worker.training.plan import TrainingPlan

app = typer.Typer()
Patients = Literal["all", "train"]

DATA_SETS = (
    "Folder of the public data sets, or your own films: a labels CSV, a COCO JSON, or the folder of a known data set."
)


@app.command()
def train(
    config: Annotated[
        str,
        typer.Argument(
            help="Configuration: standard, covered, digital, light, detector, thesis, table14-..., table15-1 to -7, or "
            "the path of a Python file."
        ),
    ],
    data: Annotated[list[Path], typer.Option("--data", "--films", help=DATA_SETS)],
    out: RunOption,
    weights: Annotated[
        Path | None,
        typer.Option(help="Folder of the pretrained backbones (for a ResNet, its .npz); default: random weights."),
    ] = None,
    fold: FoldOption = None,
    cbis_ddsm: Annotated[
        Patients | None,
        typer.Option(
            help="Of the public data sets, only CBIS-DDSM, with its drawn masks: all patients, or those of `train`, on "
            "whom `release` neither calibrates nor measures. Default: those of `train`, and CDD-CESM.",
        ),
    ] = None,
    package: Annotated[
        Path | None,
        typer.Option(help="Start from this model package and train on its training patients; not with --fold."),
    ] = None,
    until: UntilOption = None,
    ahead: AheadOption = 1,
    change: ChangeOption = None,
) -> None:
    """Train the network that finds masses, on the public data sets or on your own films.

    SIGTERM saves the state; run the command again to resume.
    """
    start_keras()
    from lobule_ml.training.loop import LoopSettings
    from mammo_worker.data.splits import fold_of
    from mammo_worker.detector.plan import DetectorPlan
    from mammo_worker.detector.train import train_detector
    from mammo_worker.training.films import train as train_films

    if package is not None and fold is not None:
        raise typer.BadParameter("a package has seen patients of every fold: give --fold or --package, not both")
    if cbis_ddsm == "train" and fold is not None:
        raise typer.BadParameter("--cbis-ddsm train and --fold hold out different patients: give one of them")
    plan = read_film_plan(config, change)
    training = plan.training if isinstance(plan, DetectorPlan) else plan
    if package is not None and training is plan:
        raise typer.BadParameter(f"--package needs a DetectorPlan; {config} is a TrainingPlan")
    typer.echo(plan)
    with refused_or_exit():
        chosen = _films(plan, data) if cbis_ddsm is package is None else _cbis_ddsm(data, package or cbis_ddsm)
        films = [film for film in chosen if fold is None or fold_of(film.patient) != fold]
        typer.echo(f"{counted(len(films), 'film')} of {counted(len({film.patient for film in films}), 'patient')}")
        settings = LoopSettings(training.average_momentum, training.average_every, ahead=ahead)
        if isinstance(plan, DetectorPlan):
            done = train_detector(plan, films, out, weights, package=package, until=until, settings=settings)
        else:
            _refuse_seen(weights, data, fold)
            done = train_films(plan, films, out, weights, until=until, settings=settings)
    typer.echo(f"{done} of {training.steps} steps done")


@app.command(hidden=True)
def train_detector(
    config: Annotated[str, typer.Argument(help="See `train`.")],
    data: DataOption,
    weights: WeightsOption,
    out: RunOption,
    fold: FoldOption = None,
    package: Annotated[Path | None, typer.Option(help="See `train`.")] = None,
    patients: Annotated[Patients, typer.Option(help="--cbis-ddsm of `train`.")] = "all",
    until: UntilOption = None,
    ahead: AheadOption = 1,
    change: ChangeOption = None,
) -> None:
    """Former name of `train --cbis-ddsm all`, which does the same."""
    train(config, [data], out, weights, fold, patients, package, until, ahead, change)


def _films(plan: "TrainingPlan | DetectorPlan", paths: list[Path]) -> "list[AnnotatedFilm]":
    """The films of all paths; for the public data sets, those on which the shipped models are trained."""
    from mammo_worker.data.training_set import own_films, public_films
    from mammo_worker.detector.plan import DetectorPlan

    training = plan.training if isinstance(plan, DetectorPlan) else plan
    films: list[AnnotatedFilm] = []
    for path in paths:
        if _is_public(path):
            films += public_films(path, masks=training.network.mask.supervision == "full")
        else:
            films += own_films([path])
    return films


def _cbis_ddsm(paths: list[Path], patients: "Patients | Path | None") -> "list[AnnotatedFilm]":
    """CBIS-DDSM's films of all patients, or of the training patients, which are also those of a package."""
    from mammo_worker.detector.train import package_films, training_films

    if len(paths) > 1 or not _is_public(paths[0]):
        raise ValueError("--cbis-ddsm and --package need the folder of the public data sets, with cbis_ddsm_mass")
    return training_films(paths[0], None) if patients == "all" else package_films(paths[0])


def _refuse_seen(weights: Path | None, paths: list[Path], fold: int | None) -> None:
    is_package = weights is not None and (weights / "model.json").exists()
    if is_package and fold is not None and any(map(_is_public, paths)):
        raise ValueError(f"{weights} is a model package, which has seen patients of every fold")


def _is_public(path: Path) -> bool:
    return (path / "cbis_ddsm_mass").is_dir()


@app.command()
def release(
    run: Annotated[Path, typer.Argument(help="Folder of a training run.")],
    data: Annotated[
        list[Path],
        typer.Option(
            "--data",
            "--films",
            help="Folder of the public data sets, or your own films of other patients, to calibrate on.",
        ),
    ],
    package: Annotated[
        Path, typer.Option(help="Folder of the model package to write; its name is the name of the package.")
    ],
    docs: Annotated[
        Path | None, typer.Option(help="Folder of the results document; only for the public data sets.")
    ] = None,
    test: Annotated[list[Path] | None, typer.Option(help="Your own films of further patients, to measure on.")] = None,
    plan: Annotated[str, typer.Option(help="Configuration of the run.")] = "standard",
    version: Annotated[str, typer.Option(help="Version of the package.")] = "2.0.0",
    fppi: Annotated[float, typer.Option(help="False positives per calibration film at the working threshold.")] = 0.5,
    licence: Annotated[
        str, typer.Option(help="Licence of the weights, if they were trained on your own films.")
    ] = "not stated",
    fuse: Annotated[
        Path | None,
        typer.Option(
            help="Package of the same network and patients, whose findings are fused; only for the public data sets."
        ),
    ] = None,
    findings_of: Annotated[
        Path | None,
        typer.Option(
            help="Package of the same network and patients that finds the masses, so that the run only gives the "
            "numbers of films; only for the public data sets."
        ),
    ] = None,
    folds: Annotated[
        Path | None,
        typer.Option(
            help="Folder with the runs fold0, fold1 and so on of the same plan, which calibrate and measure the "
            "numbers of films, so that RUN may learn from all patients; only with --findings-of."
        ),
    ] = None,
    change: ChangeOption = None,
) -> None:
    """Calibrate and measure a run, and write the model package.

    With the folder of the public data sets, the command calibrates on the patients that the run has not learned from,
    and measures each of them by a calibration that was fitted without them. With your own films, it calibrates on
    those of --data and measures on those of --test, and refuses patients of the training.
    """
    start_keras()
    from lobule_ml.training.record import require_plan
    from mammo_worker.detector.plan import DetectorPlan
    from mammo_worker.own_release import release_own
    from mammo_worker.release import release as release_public

    trained = read_film_plan(plan, change)
    training = trained.training if isinstance(trained, DetectorPlan) else trained
    is_public = list(map(_is_public, data))
    with refused_or_exit():
        for each in (run, *sorted(folds.glob("fold*") if folds is not None else ())):
            require_plan(each, trained)
        if any(is_public):
            if len(data) > 1 or docs is None:
                raise typer.BadParameter("the public data sets are released alone, with --docs")
            release_public(
                run,
                training,
                data[0],
                package,
                docs,
                version=version,
                fppi=fppi,
                echo=typer.echo,
                fuse=fuse,
                findings_of=findings_of,
                folds=folds,
            )
        else:
            if not (fuse is findings_of is folds is None):
                raise typer.BadParameter("--fuse, --findings-of and --folds are for the public data sets")
            release_own(
                run, training, data, test or (), package, version=version, licence=licence, fppi=fppi, echo=typer.echo
            )


@app.command()
def release_folds(
    runs: Annotated[Path, typer.Argument(help="Folder with the runs of the folds: fold0, fold1, and so on.")],
    data: Annotated[list[Path], typer.Option("--data", "--films", help=DATA_SETS)],
    package: Annotated[
        Path, typer.Option(help="Folder of the model package to write; its name is the name of the package.")
    ],
    final: Annotated[
        Literal["all", "ensemble"],
        typer.Option(help="all: the network of the run `all`; ensemble: the networks of the folds, fused."),
    ] = "all",
    plan: Annotated[str, typer.Option(help="Configuration of the run.")] = "standard",
    version: Annotated[str, typer.Option(help="Version of the package.")] = "1.0.0",
    fppi: Annotated[float, typer.Option(help="False positives per film at the working threshold.")] = 0.5,
    licence: Annotated[str, typer.Option(help="Licence of the weights.")] = "not stated",
    predictions: Annotated[Path | None, typer.Option(help="CSV file for the out-of-fold findings.")] = None,
    change: ChangeOption = None,
) -> None:
    """Calibrate and measure the network of each fold on its held-out patients, and write the model package."""
    start_keras()
    from lobule_ml.training.record import require_plan
    from mammo_worker.detector.plan import DetectorPlan
    from mammo_worker.evaluation.predictions import write_csv
    from mammo_worker.fold_release import Origin
    from mammo_worker.fold_release import release_folds as release_them

    trained = read_film_plan(plan, change)
    training = trained.training if isinstance(trained, DetectorPlan) else trained
    with refused_or_exit():
        for run in sorted(runs.glob("*/run.json")):
            require_plan(run.parent, trained)
        films = _films(trained, data)
        origin = Origin(version, licence, ", ".join(path.name for path in data))
        _, found = release_them(runs, training, films, package, origin, fppi=fppi, final=final, echo=typer.echo)
    if predictions is not None:
        write_csv(found.items(), predictions)
