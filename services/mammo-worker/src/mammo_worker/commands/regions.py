"""Commands of the region classifier."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lobule.model_package import open_package
from lobule.words import counted
from lobule_ml import batch
from mammo_worker.commands.options import (
    ChangeOption,
    DataOption,
    FoldOption,
    RunOption,
    RunsOption,
    UntilOption,
    WeightsOption,
    read_plan,
    refused_or_exit,
    started_or_exit,
)

if TYPE_CHECKING:
    from mammo_worker.regions.plan import RegionPlan

app = typer.Typer()


def _plan(config: str, change: list[str] | None) -> "RegionPlan":
    from mammo_worker.regions.plan import RegionPlan

    return read_plan(config, RegionPlan, change)


@app.command()
@refused_or_exit()
def train_regions(
    config: Annotated[str, typer.Argument(help="Configuration: `regions`, or the path of a Python file.")],
    data: DataOption,
    weights: WeightsOption,
    out: RunOption,
    cache: Annotated[
        Path, typer.Option(help="Folder in which augmented views are cached; the folds of one configuration share it.")
    ],
    fold: FoldOption = None,
    until: UntilOption = None,
    change: ChangeOption = None,
) -> None:
    """Train the classifier of regions: masses and calcifications.

    SIGTERM saves the state; run the command again to resume.
    """
    from mammo_worker.regions.crops import cbis_crops
    from mammo_worker.regions.train import train_fold

    plan = _plan(config, change)
    typer.echo(plan)
    done = train_fold(plan, cbis_crops(data), fold, out, weights, cache=cache, until=until)
    typer.echo(f"{done} of {plan.steps} steps done")


@app.command()
@refused_or_exit()
def evaluate_regions(
    config: Annotated[str, typer.Argument(help="Configuration of the run.")],
    data: DataOption,
    weights: WeightsOption,
    runs: RunsOption,
    predictions: Annotated[Path, typer.Option(help="CSV file for the out-of-fold probabilities.")],
    docs: Annotated[
        Path | None, typer.Option(help="Folder for regions.md; its regions-tried.md is not changed.")
    ] = None,
    change: ChangeOption = None,
) -> None:
    """Measure the classifier of regions of each fold on its held-out patients, also at coarser resolutions."""
    from mammo_worker.evaluation.summary import markdown_table
    from mammo_worker.regions import evaluate
    from mammo_worker.regions.crops import cbis_crops
    from mammo_worker.regions.document import results_document
    from mammo_worker.regions.preparations import PREPARATIONS

    plan = _plan(config, change)
    results = list(evaluate.read_out_of_fold(plan, cbis_crops(data), runs, weights, typer.echo, PREPARATIONS))
    result = results[0]
    evaluate.write_predictions(result, predictions)
    metrics = evaluate.measure(result)
    by_preparation = evaluate.measure_preparations(results)
    typer.echo(f"{markdown_table(metrics)}\n{markdown_table(by_preparation)}")
    if docs is not None:
        file = docs / "regions-tried.md"
        tried = file.read_text("utf-8") if file.exists() else "Nothing else.\n"
        text = results_document(plan, result, metrics, by_preparation, evaluate.measure_descriptions(result), tried)
        (docs / "regions.md").write_text(text, "utf-8")


@app.command()
@refused_or_exit()
def release_regions(
    config: Annotated[str, typer.Argument(help="Configuration of the run.")],
    data: DataOption,
    weights: WeightsOption,
    runs: Annotated[
        Path, typer.Option(help="Folder with the runs: fold0 to fold4, and all, which was trained on all patients.")
    ],
    package: Annotated[Path, typer.Option(help="Folder of the model package to write.")],
    version: Annotated[str, typer.Option(help="Version of the package.")] = "1.0.0",
    change: ChangeOption = None,
) -> None:
    """Calibrate on the folds, and package the weights that were trained on all patients."""
    from mammo_worker.regions import evaluate
    from mammo_worker.regions.crops import cbis_crops
    from mammo_worker.regions.document import model_card
    from mammo_worker.regions.package import write_package
    from mammo_worker.regions.train import build, load_average

    plan = _plan(config, change)
    result = evaluate.out_of_fold(plan, cbis_crops(data), runs, weights, typer.echo)
    metrics = evaluate.measure(result)
    model = build(plan, weights)
    load_average(model, runs / "all", plan)
    card = model_card(package.name, version, plan, metrics)
    write_package(
        package, version=version, network=plan.network, whole=model.whole, result=result, metrics=metrics, card=card
    )


@app.command()
def regions(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Pictures of single regions, folders of them, or - for a list of paths; omit with --boxes."
        ),
    ] = None,
    output: Annotated[
        Path,
        typer.Option(
            help="CSV file: file, kind, probability_malignant, outcome, error, detail; - for standard output."
        ),
    ] = Path("regions.csv"),
    boxes: Annotated[
        Path | None,
        typer.Option(help="CSV file of regions on films: file, x, y, width, height in pixels of the upright film."),
    ] = None,
    mm_per_pixel: Annotated[
        float | None, typer.Option(help="Millimetres per pixel of the pictures, if the files do not state it.")
    ] = None,
    package: Annotated[Path | None, typer.Option(help="Folder of a model package; default: the installed one.")] = None,
) -> None:
    """Classify regions as masses or calcifications, with the probability that they are malignant.

    A region of a film with more than 0.1 mm per pixel gets no probability; its `outcome` is the reason. If a file
    cannot be read, its rows have an error code and the reason, the other files are classified, and the exit status is
    1.
    """
    if not files and boxes is None:
        raise typer.BadParameter("give files, or --boxes")
    with started_or_exit(2):
        from mammo_worker.predict import SUFFIXES
        from mammo_worker.regions.package import RegionReader, installed_reader
        from mammo_worker.regions.table import BOX_COLUMNS, COLUMNS, read_boxes, read_opinions

        asked = read_boxes(boxes) if boxes else []
        pictures = batch.expand(files or (), sys.stdin, SUFFIXES)
        reader = installed_reader() if package is None else RegionReader(open_package(package))
    total = len(pictures) + len({row.file for row in asked})
    refused: list[str] = []
    count = 0
    with batch.written_or_exit(), batch.open_output(output) as stream:
        write = batch.row_writer(stream, (*COLUMNS, *BOX_COLUMNS) if asked else COLUMNS, as_json=False)
        for rows in batch.tracked(read_opinions(reader, pictures, asked, mm_per_pixel), "files", total):
            for row in rows:
                write(row)
            count += len(rows)
            if rows[0].get("error"):
                refused.append(f"{rows[0]['file']}: {rows[0]['error']}: {rows[0]['detail']}")
    typer.echo(f"{counted(count, 'region')} in {counted(total, 'file')}; failed: {len(refused)}", err=True)
    for line in refused:
        typer.echo(line, err=True)
    if refused:
        raise typer.Exit(1)
