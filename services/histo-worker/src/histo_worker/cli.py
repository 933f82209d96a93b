"""Predict, train and evaluate histopathology models without any service."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from histo_worker import fit_commands
from histo_worker.data.breakhis import SUFFIXES
from histo_worker.fit_commands import GivenMagnification, GivenScale, Package
from histo_worker.predict import COLUMNS, describer, keep_map, row_of
from histo_worker.tissue_training import commands as tissue_commands
from lobule.command_line import Commands
from lobule.errors import AnalysisError
from lobule.starting import without_collection
from lobule.words import counted
from lobule_ml import batch
from lobule_ml.backend import require_backend
from lobule_ml.quiet import held_standard_error, import_keras, quiet_tensorflow, start_keras

quiet_tensorflow()

app = typer.Typer(cls=Commands, help=__doc__, no_args_is_help=True, pretty_exceptions_show_locals=False)


@app.command()
def predict(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="H&E fields (PNG, JPEG, TIFF), folders of them, or - for a list of paths on standard input."
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(help="File for the rows; default: predictions.csv or .jsonl; - for standard output."),
    ] = None,
    model: Package = None,
    magnification: GivenMagnification = None,
    um_per_pixel: GivenScale = None,
    site: Annotated[Path | None, typer.Option(help="File of a laboratory, from histo-worker adapt.")] = None,
    maps: Annotated[Path | None, typer.Option(help="Folder for the map of each field, as PNG.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, one object per line, instead of CSV.")] = False,
) -> None:
    """Classify fields, one row each, with the same figures as the service.

    A file that fails does not stop the others. Its row has an error code and the reason, which are listed again at the
    end, and the exit status is 1.

    State the scale with --um-per-pixel or --magnification, unless the files or their names do. Without a scale, a row
    has the notice scale_unknown and no label, except for fields of 700 x 460 pixels, the size of those of BreakHis,
    whose scale is estimated.

    With a scale, a row also has probability_tumour and unlike_training: from 0.98 on, the tissue is unlike that of the
    training, so the row is not sure and has no label. probability_malignant is the probability of carcinoma, as opposed
    to a benign tumour, for the whole field; use it for fields such as those of BreakHis. It is empty for fields coarser
    than 1.9 micrometres per pixel. probability_tumour is the probability of invasive carcinoma, as opposed to normal
    tissue and fat, at its most likely place; use it for patches and for places in larger regions. Neither is valid for
    another laboratory: trained on one laboratory and tested on the other, probability_tumour had an AUC of 0.53 and
    0.62 (docs/tissue.md).
    """
    try:
        if um_per_pixel is not None and magnification is not None:
            raise ValueError("give --magnification or --um-per-pixel, not both")
        paths = batch.expand(files, sys.stdin, SUFFIXES)
        with held_standard_error(AnalysisError), without_collection():
            import_keras()
            from histo_worker.pipeline import build_pipeline
            from histo_worker.settings import HistoSettings

            pipeline = build_pipeline(HistoSettings.choose(model, site), pictures=maps is not None)
        if maps is not None:
            maps.mkdir(parents=True, exist_ok=True)
    except (AnalysisError, OSError, ValueError) as error:
        _complain(": ".join(batch.reason(error)) if isinstance(error, AnalysisError) else str(error))
        raise typer.Exit(1) from None
    target, tally = output or Path("predictions.jsonl" if as_json else "predictions.csv"), batch.Tally("fields")
    with batch.written_or_exit(), batch.open_output(target) as stream:
        write = batch.row_writer(stream, COLUMNS, as_json=as_json)
        outcomes = batch.analyse(pipeline, paths, describer(magnification, um_per_pixel))
        for outcome in batch.tracked(outcomes, "fields", len(paths)):
            write(row_of(outcome))
            if maps is not None:
                keep_map(outcome, maps)
            tally.add(outcome)
    typer.echo(tally, err=True)
    for line in tally.refused:
        _complain(line)
    if tally.refused:
        raise typer.Exit(1)


@app.command()
def train(
    config: Annotated[str, typer.Argument(help="Name of a bundled configuration, or path of a Python file.")],
    data: Annotated[
        list[Path], typer.Option(help="Folder of BreakHis (as distributed, or flat), or a labels CSV; may be repeated.")
    ],
    output: Annotated[Path, typer.Option(help="Folder of the model package to write.")],
    weights: Annotated[
        Path | None, typer.Option(help="Folder of pretrained backbones, if the configuration needs one.")
    ] = None,
    run: Annotated[Path | None, typer.Option(help="Folder of the run, to resume it; default: runs/NAME.")] = None,
    change: Annotated[list[str] | None, typer.Option("--set", help="Value of the configuration: name=value.")] = None,
    until: Annotated[int | None, typer.Option(help="Stop each network at this step, to resume later.")] = None,
    cache: Annotated[Path | None, typer.Option(help="Folder in which features are cached.")] = None,
    licence: Annotated[str, typer.Option(help="Licence of the new weights, for the package.")] = "not stated",
    data_name: Annotated[str | None, typer.Option(help="Name of the data set, for the package.")] = None,
    data_terms: Annotated[str | None, typer.Option(help="Terms of the data set, for the package.")] = None,
    folds: Annotated[
        Path | None, typer.Option(help="File of the folds: an official dsfoldN.txt, or a CSV with file and fold.")
    ] = None,
) -> None:
    """Train a classifier of fields, measure it out of fold, and write its package. SIGTERM saves and stops."""
    start_keras()
    from histo_worker.configs import CONFIGS
    from histo_worker.data.source import read_sources
    from histo_worker.training.command import train as run_training
    from histo_worker.training.config import HistologyConfig
    from histo_worker.training.trained import TrainingStopped
    from lobule_ml.training.configuration import load_plan

    try:
        plan = load_plan(config, HistologyConfig, CONFIGS, change or ())
        typer.echo(plan)
        folder = run or Path("runs") / plan.name
        source = read_sources(data, data_name, data_terms)
        manifest = run_training(
            plan, source, folder, output, weights=weights, cache=cache, until=until, licence=licence, listing=folds
        )
    except (FileNotFoundError, KeyError, TypeError, ValueError, TrainingStopped) as error:
        _complain(str(error))
        raise typer.Exit(1) from None
    for row in manifest.metrics:
        low, high = row["interval"]
        typer.echo(f"{row['magnification']:>7} {row['name']:<20} {row['value']:.3f} ({low:.3f} to {high:.3f})")
    typer.echo(f"thresholds {json.dumps(manifest.thresholds.model_dump())}; package in {output}, run in {folder}")


@app.command()
def reproduce(
    data: Annotated[Path, typer.Option(help="Folder of BreakHis.")],
    weights: Annotated[Path, typer.Option(help="Folder of pretrained backbones.")],
    output: Annotated[Path, typer.Option(help="Markdown file to write.")] = Path("docs/results/histopathology.md"),
    section: Annotated[
        list[str] | None,
        typer.Option(help="heads, magnifications, laboratories, networks or baselines; default: all that it can."),
    ] = None,
    more: Annotated[
        Path | None,
        typer.Option(help="Folder of further BreakHis fields, for the sections magnifications and laboratories."),
    ] = None,
    dyes: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=PATH of a picture of stained tissue of at most 100 megapixels, or of a data set, whose dyes the "
            "section laboratories gives to the fields; may be repeated."
        ),
    ] = None,
    cache: Annotated[Path | None, typer.Option(help="Folder in which features and scores are cached.")] = None,
) -> None:
    """Print the expected cost, run the comparisons, and write the measured tables.

    Other sections of the file are kept.
    """
    start_keras()
    from histo_worker.reproduction.document import SECTIONS, costs, lacking, left_out
    from histo_worker.reproduction.document import reproduce as run

    try:
        sections = list(dict.fromkeys(section or (name for name in SECTIONS if not lacking(name, more, dyes))))
        for line in (*left_out(sections, more, dyes), *costs(output, sections)):
            typer.echo(line, err=True)
        run(data, weights, output, sections, cache, more, dyes or ())
    except (AnalysisError, FileNotFoundError, ValueError) as error:
        _complain(str(error))
        raise typer.Exit(1) from None
    typer.echo(f"written: {output}")


@app.command()
def evaluate(
    data: Annotated[
        Path, typer.Argument(help="Folder of BreakHis, or a labels CSV, of fields on which the model was NOT trained.")
    ],
    output: Annotated[Path, typer.Option(help="Folder for tables, plots and predictions.")] = Path("evaluation"),
    model: Annotated[Path | None, typer.Option(help="Folder of a model package.")] = None,
    site: Annotated[Path | None, typer.Option(help="File of a laboratory, from histo-worker adapt.")] = None,
    limit: Annotated[int | None, typer.Option(help="Measure only this many fields, evenly chosen.", min=1)] = None,
) -> None:
    """Measure a classifier of fields on labelled ones, at image and patient level, with plots.

    If fields cannot be read, the others are measured, the end of the output lists the reasons, and the exit status is
    1.
    """
    start_keras()
    from histo_worker.evaluation.package import evaluate_package
    from histo_worker.settings import HistoSettings

    refused: list[str] = []
    try:
        for line in evaluate_package(HistoSettings.choose(model, site), data, output, refused, limit):
            typer.echo(line)
    except (AnalysisError, FileNotFoundError, ValueError) as error:
        _complain(": ".join(batch.reason(error)) if isinstance(error, AnalysisError) else str(error))
        raise typer.Exit(1) from None
    for line in refused:
        _complain(line)
    if refused:
        raise typer.Exit(1)


@app.command()
def explain(
    file: Annotated[Path, typer.Argument(help="Image of an H&E field.")],
    output: Annotated[Path, typer.Option(help="Folder for the pictures.")] = Path("explanation"),
    model: Annotated[Path | None, typer.Option(help="Folder of a model package.")] = None,
) -> None:
    """Draw explanations of a prediction: class activation map, Grad-CAM, and the maps of the first layer."""
    start_keras()
    from histo_worker.data.breakhis import magnification_in
    from histo_worker.explanation.explain import explain as draw
    from histo_worker.settings import HistoSettings

    try:
        pictures = draw(model or HistoSettings().model, file.read_bytes(), output, magnification_in(file.name))
    except (AnalysisError, OSError) as error:
        _complain(f"{error.code}: {error.detail}" if isinstance(error, AnalysisError) else str(error))
        raise typer.Exit(1) from None
    for picture in pictures:
        typer.echo(picture)


app.command()(fit_commands.adapt)
app.command("fit-gate")(fit_commands.fit_gate)
app.command("fit-scale")(fit_commands.fit_scale)
app.add_typer(tissue_commands.app, name="tissue")

data_app = typer.Typer(help="Check labelled data.")
app.add_typer(data_app, name="data")


@data_app.callback()
def data_commands() -> None:
    """Check labelled data."""


@data_app.command("check")
def data_check(
    data: Annotated[Path, typer.Argument(help="A labels CSV, or the folder of BreakHis, BACH or IDC.")],
    listing: Annotated[Path | None, typer.Option(help="Official dsfoldN.txt; default: the one in folds/.")] = None,
    layout: Annotated[str | None, typer.Option(help="Name of the layout, if it is not recognised.")] = None,
) -> None:
    """Count the fields by magnification and class, open every file, and list faults.

    The exit status is 1 if there is any.

    For BreakHis, missing and unknown file names are listed, too; a subset of BreakHis is not a fault.
    """
    from histo_worker.data.check import check_data, count_labels, unreadable_fields
    from histo_worker.data.readers import breakhis_tree, find_reader

    try:
        reader = find_reader(data, layout)
        if reader is breakhis_tree.READER:
            check = check_data(data, listing or next(iter(sorted(data.glob("folds/dsfold*.txt"))), None))
            lines, fields = check.lines(), check.fields
            doubled = [f.path for f in fields if f.name in check.doubled]
            problems = [f"{path}: another file has the same name" for path in doubled]
        else:
            found = reader.read(data)
            lines, problems, fields = [*count_labels(found.items), *found.notes], found.problems, found.items
    except (FileNotFoundError, ValueError) as error:
        _complain(str(error))
        raise typer.Exit(1) from None
    for line in lines:
        typer.echo(line)
    problems = [*problems, *unreadable_fields(fields)]
    for problem in problems:
        _complain(problem)
    files = len({f.path for f in fields})
    typer.echo(f"{counted(files, 'file')} opened; {counted(len(problems), 'fault')}")
    if problems or not fields:
        raise typer.Exit(1)


def _complain(words: str) -> None:
    typer.secho(words, err=True, fg=typer.colors.RED)


def main() -> None:
    """Entry point of `histo-worker`."""
    require_backend()
    app()


if __name__ == "__main__":
    main()
