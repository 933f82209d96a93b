"""Commands that train a detector and package it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lobule.words import counted
from lobule_ml.quiet import start_keras
from mammo_worker.commands.options import (
    ChangeOption,
    FoldOption,
    RunOption,
    UntilOption,
    read_film_plan,
    refused_or_exit,
)

if TYPE_CHECKING:
    from mammo_worker.data.annotated import AnnotatedFilm
    from mammo_worker.detector.plan import DetectorPlan
    from mammo_worker.training.plan import TrainingPlan

app = typer.Typer()

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
    until: UntilOption = None,
    change: ChangeOption = None,
) -> None:
    """Train on the training patients of the public data sets, or on your own films.

    SIGTERM saves the state; run the command again to resume.
    """
    start_keras()
    from mammo_worker.data.splits import fold_of
    from mammo_worker.detector.plan import DetectorPlan
    from mammo_worker.detector.train import train_detector
    from mammo_worker.training.films import train as train_films

    plan = read_film_plan(config, change)
    typer.echo(plan)
    with refused_or_exit():
        films = [film for film in _films(plan, data) if fold is None or fold_of(film.patient) != fold]
        typer.echo(f"{counted(len(films), 'film')} of {counted(len({film.patient for film in films}), 'patient')}")
        if isinstance(plan, DetectorPlan):
            done = train_detector(plan, films, out, weights, until=until)
        else:
            done = train_films(plan, films, out, weights, until=until)
    steps = plan.training.steps if isinstance(plan, DetectorPlan) else plan.steps
    typer.echo(f"{done} of {steps} steps done")


def _films(plan: "TrainingPlan | DetectorPlan", paths: list[Path]) -> "list[AnnotatedFilm]":
    """The films of all paths; for the public data sets, those on which the shipped models are trained."""
    from mammo_worker.data.training_set import own_films, public_films
    from mammo_worker.detector.plan import DetectorPlan

    training = plan.training if isinstance(plan, DetectorPlan) else plan
    films: list[AnnotatedFilm] = []
    for path in paths:
        if (path / "cbis_ddsm_mass").is_dir():
            films += public_films(path, masks=training.network.mask.supervision == "full")
        else:
            films += own_films([path])
    return films


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
    is_public = [(path / "cbis_ddsm_mass").is_dir() for path in data]
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
