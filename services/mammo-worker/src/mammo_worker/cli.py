"""`mammo-worker`: predict, train, release, evaluate, and prepare data."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from lobule.command_line import Commands
from lobule.errors import AnalysisError
from lobule_ml import batch
from lobule_ml.backend import require_backend
from lobule_ml.quiet import quiet_tensorflow, start_keras
from mammo_worker.commands.calcifications import app as calcifications_app
from mammo_worker.commands.data import app as data_app
from mammo_worker.commands.density import app as density_app
from mammo_worker.commands.detector import app as detector_app
from mammo_worker.commands.examination import app as examination_app
from mammo_worker.commands.options import DataOption, refused_or_exit, started_or_exit
from mammo_worker.commands.predict import app as predict_app
from mammo_worker.commands.regions import app as regions_app
from mammo_worker.commands.second_look import app as second_look_app
from mammo_worker.commands.training import app as training_app

quiet_tensorflow()

_HELP = "Find masses on films, and train and measure the mammography models."
_MASSES = "Masses on films"
app = typer.Typer(cls=Commands, help=_HELP, no_args_is_help=True)
for title, commands in {
    "Use a model": predict_app,
    _MASSES: training_app,
    "Masses: measurements of trainings and of the shipped model": detector_app,
    "Regions": regions_app,
    "A second look at findings, by the classifier of regions": second_look_app,
    "Calcifications": calcifications_app,
    "Density": density_app,
    "Breasts and cases": examination_app,
}.items():
    for command in commands.registered_commands:
        command.rich_help_panel = title
    app.add_typer(commands)
app.add_typer(data_app, name="data")


@app.command(rich_help_panel=_MASSES)
@refused_or_exit()
def recalibrate(
    data: DataOption,
    docs: Annotated[Path, typer.Option(help="Folder of the results documents.")],
    version: Annotated[str, typer.Option(help="Version of the new package.")],
    fppi: Annotated[float, typer.Option(help="False positives per validation film at the working threshold.")] = 0.5,
) -> None:
    """Calibrate films and breasts of the installed model again, and measure it. The weights do not change."""
    from mammo_worker.packages import package_folder
    from mammo_worker.release import recalibrate as make

    make(package_folder(), data, docs, version=version, fppi=fppi, echo=typer.echo)


@app.command(rich_help_panel=_MASSES)
def evaluate(
    data: Annotated[
        list[Path],
        typer.Option(
            "--data",
            "--films",
            help="Folder of the public data sets, or your own films in a layout that `data check` knows.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for mammography.md, its plots and breasts.md; only for the public data sets."),
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Folder of a model package; default: the installed one.")] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            help="Measure only the first films, this many; of the public data sets, only the marks, without mini-MIAS.",
            min=1,
        ),
    ] = None,
    predictions: Annotated[Path | None, typer.Option(help="CSV file for the findings.")] = None,
    coco: Annotated[Path | None, typer.Option(help="COCO JSON file for the findings.")] = None,
) -> None:
    """Measure a model package on the held-out fifth of CBIS-DDSM and on mini-MIAS, or on your own films.

    If films cannot be read, the others are measured, the output lists the reasons, and the exit status is 1.
    """
    start_keras()
    from lobule.model_package import open_package
    from mammo_worker.evaluation.own_films import evaluate_films
    from mammo_worker.evaluation.predictions import write_coco, write_csv
    from mammo_worker.evaluation.summary import markdown_table
    from mammo_worker.package_evaluation import Evaluation, evaluate_package, write_results
    from mammo_worker.packages import installed_package

    is_public = (data[0] / "cbis_ddsm_mass").is_dir()
    if is_public and len(data) > 1:
        raise typer.BadParameter("the public data sets are measured alone")
    if limit is not None and out is not None:
        raise typer.BadParameter("--out writes figures of all films; leave --limit out")
    refused: list[str] = []
    with started_or_exit(1):
        package = installed_package() if model is None else open_package(model)
    try:
        if is_public:
            measured = evaluate_package(package, data[0], limit=limit, refused=refused)
        else:
            results, metrics, refused = evaluate_films(package, data, limit)
            measured = Evaluation(results, [], metrics)
    except (AnalysisError, ValueError) as error:
        typer.echo(": ".join(batch.reason(error)) if isinstance(error, AnalysisError) else str(error), err=True)
        raise typer.Exit(1) from None
    if predictions is not None:
        write_csv([(None, measured.films)], predictions)
    if coco is not None:
        write_coco(measured.films, coco)
    typer.echo(markdown_table(measured.metrics))
    if is_public and out is not None:
        write_results(package.manifest.with_metrics(measured.metrics), measured, out)
    for line in refused:
        typer.echo(line, err=True)
    if refused:
        raise typer.Exit(1)


@app.command(rich_help_panel=_MASSES)
@refused_or_exit()
def reproduce(
    data: DataOption,
    output: Annotated[Path, typer.Option(help="Markdown file.")],
    weights: Annotated[
        Path | None,
        typer.Option(
            help="Initial weights: a model package, or the folder of pretrained backbones (for a ResNet, its .npz)."
        ),
    ] = None,
    runs: Annotated[Path, typer.Option(help="Folder of the runs. Stopped runs are resumed.")] = Path("var/tables"),
    backbone: Annotated[
        Literal["densenet121", "efficientnet_lite0", "resnet50", "resnet101"], typer.Option(help="Network of the rows.")
    ] = "densenet121",
    height: Annotated[int, typer.Option(help="Height of the films in pixels, a multiple of 64.")] = 320,
    stage_steps: Annotated[int, typer.Option(help="Number of steps of a long stage.")] = 100,
    precision: Annotated[str, typer.Option(help="Keras dtype policy of the trunk.")] = "float32",
    only_cost: Annotated[bool, typer.Option("--cost", help="Print the expected cost, and train nothing.")] = False,
) -> None:
    """Train the rows of tables 14 and 15 of the thesis at reduced size, and measure them on the held-out fifth."""
    start_keras()
    from mammo_worker.data.batches import prepare_training_film
    from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
    from mammo_worker.data.splits import split_of
    from mammo_worker.packages import package_folder
    from mammo_worker.reproduce import cost, small_network
    from mammo_worker.reproduce import reproduce as run

    if height % 64:
        raise typer.BadParameter(f"--height is a multiple of 64, not {height}")
    cases = cbis_ddsm(data / "cbis_ddsm_mass")
    base = small_network(height, backbone)
    test = [c for c in cases if split_of(c.patient) == "test"]
    typer.echo(cost(base, stage_steps, len(test)))
    if only_cost:
        return
    typer.echo("preparing the training films")
    films = [prepare_training_film(c, base.canvas) for c in cases if split_of(c.patient) == "train"]
    run(
        base,
        films,
        test,
        weights or package_folder(),
        output,
        runs,
        stage_steps=stage_steps,
        precision=precision,
        echo=typer.echo,
    )


@app.command(rich_help_panel=_MASSES)
def baseline(
    data: DataOption,
    out: Annotated[Path, typer.Option(help="Folder for mammography-baseline.md.")],
    films: Annotated[int, typer.Option(help="Largest number of training films.")] = 400,
    cache: Annotated[Path | None, typer.Option(help="Folder in which the candidates of each film are cached.")] = None,
) -> None:
    """Train and measure the classical detector (section 2.5 of the thesis) on the same films."""
    from mammo_worker.baselines.document import run_baseline

    typer.echo(run_baseline(data, out, films, cache, typer.echo))


def main() -> None:
    """Entry point."""
    require_backend()
    app()
