"""`mammo-worker`: predict, train, release, evaluate, and prepare data."""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from lobule.errors import AnalysisError
from lobule_ml import batch
from lobule_ml.quiet import held_standard_error, quiet_tensorflow
from mammo_worker.commands.data import app as data_app
from mammo_worker.commands.density import app as density_app
from mammo_worker.commands.detector import app as detector_app
from mammo_worker.commands.examination import app as examination_app
from mammo_worker.commands.options import DataOption, RunOption, UntilOption
from mammo_worker.commands.regions import app as regions_app
from mammo_worker.predict import (
    FILM_COLUMNS,
    FINDING_COLUMNS,
    SUFFIXES,
    describe,
    film_row,
    finding_rows,
    json_row,
)

quiet_tensorflow()

app = typer.Typer(help="Mammography: find masses on films, train and measure the models.", no_args_is_help=True)
app.add_typer(data_app, name="data")
app.add_typer(density_app)
app.add_typer(detector_app)
app.add_typer(examination_app)
app.add_typer(regions_app)


@app.command()
def predict(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Films (DICOM, PNG, TIFF, JPEG), folders of them, or - for a list of paths on standard input."
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(help="CSV of the findings, findings.csv by itself, in pixels of the upright film; - for stdout."),
    ] = None,
    films: Annotated[Path | None, typer.Option(help="CSV of the films, films.csv by itself; - for stdout.")] = None,
    model: Annotated[Path | None, typer.Option(help="Folder of a model package instead of the installed one.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write one JSON object a film, findings inside, to --output instead.")
    ] = False,
) -> None:
    """Analyse films with a model; the same as through the service.

    Weak findings are included: the portal marks only those from `thresholds.finding` of model.json on.
    A film that fails does not stop the others: its row has an error code and the reason, which are also listed
    at the end, and the exit code is 1.
    """
    if as_json and films is not None:
        raise typer.BadParameter("--json writes films and findings to --output; --films is for CSV")
    try:
        paths = batch.expand(files, sys.stdin, SUFFIXES)
        with held_standard_error(AnalysisError):
            from mammo_worker.pipeline import build_pipeline

            pipeline = build_pipeline(model)
    except (AnalysisError, ValueError) as error:
        typer.echo(": ".join(batch.reason(error)) if isinstance(error, AnalysisError) else str(error), err=True)
        raise typer.Exit(1) from None
    tally = batch.Tally("films")
    with ExitStack() as stack:
        write = _film_writer(stack, output, films, as_json=as_json)
        for outcome in batch.tracked(batch.analyse(pipeline, paths, describe), "films", len(paths)):
            write(outcome)
            tally.add(outcome)
    typer.echo(tally, err=True)
    for line in tally.refused:
        typer.echo(line, err=True)
    if tally.refused:
        raise typer.Exit(1)


def _film_writer(
    stack: ExitStack, output: Path | None, films: Path | None, *, as_json: bool
) -> Callable[[batch.Outcome], None]:
    """Writes an outcome: one JSON object, or a row of the films and the rows of their findings."""
    if as_json:
        stream = stack.enter_context(batch.open_output(output or Path("predictions.jsonl")))
        write_json = batch.row_writer(stream, (), as_json=True)
        return lambda outcome: write_json(json_row(outcome))
    finding_stream = stack.enter_context(batch.open_output(output or Path("findings.csv")))
    film_stream = stack.enter_context(batch.open_output(films or Path("films.csv")))
    write_finding = batch.row_writer(finding_stream, FINDING_COLUMNS, as_json=False)
    write_film = batch.row_writer(film_stream, FILM_COLUMNS, as_json=False)

    def write(outcome: batch.Outcome) -> None:
        write_film(film_row(outcome))
        for row in finding_rows(outcome):
            write_finding(row)

    return write


@app.command()
def train(
    plan: Annotated[str, typer.Argument(help="A named plan: standard, light, thesis, table14-..., table15-1 to -7.")],
    weights: Annotated[Path, typer.Option(help="Folder of the pretrained backbones; for a ResNet its .npz.")],
    out: RunOption,
    data: Annotated[Path | None, typer.Option(help="Folder of the public data sets.")] = None,
    films: Annotated[
        list[Path] | None,
        typer.Option(help="Own films instead: a labels CSV, a COCO JSON or the folder of a known data set."),
    ] = None,
    until: UntilOption = None,
) -> None:
    """Train on the training patients of the public data sets, or on own films; resumable, SIGTERM saves."""
    from mammo_worker.configs.names import PLANS
    from mammo_worker.data.training_set import own_films, public_films
    from mammo_worker.training.films import train as run

    if plan not in PLANS:
        raise typer.BadParameter(f"there is no plan {plan!r}; there are {', '.join(PLANS)}")
    try:
        found = own_films(films) if films else public_films(data) if data else None
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if found is None:
        raise typer.BadParameter("give --data or --films")
    chosen = PLANS[plan]()
    typer.echo(f"{len(found)} films, prepared at {chosen.source_canvas[0]} x {chosen.source_canvas[1]}")
    done = run(chosen, found, out, weights, until=until)
    typer.echo(f"{done} of {chosen.steps} steps done")


@app.command()
def release(
    run: Annotated[Path, typer.Argument(help="Folder of a training run.")],
    data: DataOption,
    package: Annotated[Path, typer.Option(help="Folder of the model package to write.")],
    docs: Annotated[Path, typer.Option(help="Folder of the results document.")],
    plan: Annotated[str, typer.Option(help="The plan that was trained.")] = "standard",
    version: Annotated[str, typer.Option(help="Of the package.")] = "2.0.0",
    fppi: Annotated[float, typer.Option(help="False positives per validation film at the working threshold.")] = 0.5,
) -> None:
    """Calibrate, measure on the untouched fifth, and write the model package."""
    from mammo_worker.configs.names import PLANS
    from mammo_worker.release import release as make

    if plan not in PLANS:
        raise typer.BadParameter(f"there is no plan {plan!r}; there are {', '.join(PLANS)}")
    try:
        make(run, PLANS[plan](), data, package, docs, version=version, fppi=fppi, say=typer.echo)
    except ValueError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


@app.command()
def recalibrate(
    data: DataOption,
    docs: Annotated[Path, typer.Option(help="Folder of the results document.")],
    version: Annotated[str, typer.Option(help="That the package gets.")],
    fppi: Annotated[float, typer.Option(help="False positives per validation film at the working threshold.")] = 0.5,
) -> None:
    """Calibrate the installed model again after a change of the films' preparation; its weights stay."""
    from mammo_worker.packages import package_folder
    from mammo_worker.release import recalibrate as make

    make(package_folder(), data, docs, version=version, fppi=fppi, say=typer.echo)


@app.command()
def evaluate(
    out: Annotated[
        Path | None, typer.Option(help="Folder for mammography.md and its plots, of the public sets alone.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of the public data sets.")] = None,
    films: Annotated[
        list[Path] | None,
        typer.Option(help="Own films instead: a labels CSV, a COCO JSON or the folder of a known data set."),
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Folder of a model package instead of the installed one.")] = None,
    limit: Annotated[int | None, typer.Option(help="Of own films the first so many.", min=1)] = None,
    predictions: Annotated[Path | None, typer.Option(help="CSV of the findings to write.")] = None,
    coco: Annotated[Path | None, typer.Option(help="COCO JSON of the findings to write.")] = None,
) -> None:
    """Measure a model on the untouched fifth of CBIS-DDSM and on mini-MIAS, or on own films.

    Of own films, those that cannot be read are named with their reason, the others go on, and the exit code is 1.
    """
    from lobule.model_package import open_package
    from mammo_worker.evaluation.own_films import evaluate_films
    from mammo_worker.evaluation.predictions import write_coco, write_csv
    from mammo_worker.evaluation.summary import markdown_table
    from mammo_worker.packages import installed_package
    from mammo_worker.release import evaluate_package, write_results

    refused: list[str] = []
    try:
        package = installed_package() if model is None else open_package(model)
        if films:
            results, metrics, refused = evaluate_films(package, films, limit)
            typer.echo(markdown_table(metrics))
        elif data is not None:
            results, metrics = evaluate_package(package, data)
        else:
            raise typer.BadParameter("give --data or --films")
    except (AnalysisError, ValueError) as error:
        typer.echo(": ".join(batch.reason(error)) if isinstance(error, AnalysisError) else str(error), err=True)
        raise typer.Exit(1) from None
    if predictions is not None:
        write_csv([(None, results)], predictions)
    if coco is not None:
        write_coco(results, coco)
    if not films and out is not None:
        write_results(package.manifest.with_metrics(metrics), results, out)
        typer.echo((out / "mammography.md").read_text("utf-8"))
    elif not films:
        typer.echo(markdown_table(metrics))
    for line in refused:
        typer.echo(line, err=True)
    if refused:
        raise typer.Exit(1)


@app.command()
def reproduce(
    data: DataOption,
    output: Annotated[Path, typer.Option(help="Markdown file.")],
    weights: Annotated[
        Path | None,
        typer.Option(
            help="A model package, or the folder of pretrained backbones (for a ResNet its .npz), to start from."
        ),
    ] = None,
    runs: Annotated[Path, typer.Option(help="Folder that keeps the trainings, to go on later.")] = Path("var/tables"),
    backbone: Annotated[
        str, typer.Option(help="densenet121, efficientnet_lite0, resnet50 or resnet101.")
    ] = "densenet121",
    height: Annotated[int, typer.Option(help="Of the films, a multiple of 64.")] = 320,
    stage_steps: Annotated[int, typer.Option(help="Batches of a long stage.")] = 100,
    precision: Annotated[str, typer.Option(help="Keras dtype policy of the trunk.")] = "float32",
) -> None:
    """Train the rows of the thesis' tables 14 and 15, small, and measure them on the untouched fifth."""
    from mammo_worker.data.batches import prepare_training_film
    from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
    from mammo_worker.data.splits import split_of
    from mammo_worker.packages import package_folder
    from mammo_worker.reproduce import reproduce as run
    from mammo_worker.reproduce import small_network

    cases = cbis_ddsm(data / "cbis_ddsm_mass")
    base = small_network(height, backbone)
    typer.echo("preparing the training films")
    films = [prepare_training_film(c, base.canvas) for c in cases if split_of(c.patient) == "train"]
    test = [c for c in cases if split_of(c.patient) == "test"]
    run(
        base,
        films,
        test,
        weights or package_folder(),
        output,
        runs,
        stage_steps=stage_steps,
        precision=precision,
        say=typer.echo,
    )


@app.command()
def baseline(
    data: DataOption,
    out: Annotated[Path, typer.Option(help="Folder for mammography-baseline.md.")],
    films: Annotated[int, typer.Option(help="Training films at most.")] = 400,
    cache: Annotated[Path | None, typer.Option(help="Folder to keep the candidates of every film in.")] = None,
) -> None:
    """Train and measure the detector before deep learning (the thesis' section 2.5) on the same films."""
    from mammo_worker.baselines.document import run_baseline

    typer.echo(run_baseline(data, out, films, cache, typer.echo))


def main() -> None:
    """Entry point."""
    app()
