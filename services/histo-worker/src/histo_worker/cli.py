"""Command line of the histopathology worker: predict, train, evaluate, without any service."""

import csv
import hashlib
import importlib
import json
import os
from pathlib import Path
from typing import Annotated

import typer

from lobule.contracts.errors import AnalysisError
from lobule.contracts.result import ImageInfo

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

app = typer.Typer(help=__doc__, no_args_is_help=True, pretty_exceptions_show_locals=False)

PREDICTION_COLUMNS = (
    "file",
    "width",
    "height",
    "magnification",
    "probability_malignant",
    "label",
    "assessment",
    "patches",
)


@app.command()
def predict(
    files: Annotated[list[Path], typer.Argument(help="Images of H&E fields: PNG, JPEG or TIFF.")],
    output: Annotated[Path, typer.Option(help="Where to write the table.")] = Path("predictions.csv"),
    model: Annotated[Path | None, typer.Option(help="Folder of a model package instead of the packaged one.")] = None,
) -> None:
    """Classify fields and write a CSV table; the same figures as through the service."""
    from histo_worker.pipeline import build_pipeline
    from histo_worker.settings import HistoSettings

    try:
        pipeline = build_pipeline(HistoSettings() if model is None else HistoSettings(model=model))
    except AnalysisError as error:
        _complain(f"{error.code}: {error.detail}")
        raise typer.Exit(1) from None
    refused: list[str] = []
    with output.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(PREDICTION_COLUMNS)
        for path in files:
            try:
                data = path.read_bytes()
                result = pipeline.analyse(data, _image_info(path, data), lambda _fraction, _activity: None).result
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one file, the others are read
                refused.append(f"{path}: {_reason(error)}")
                continue
            table.writerow(
                [
                    str(path),
                    result.image.width,
                    result.image.height,
                    (result.patches and result.patches.magnification_assumed) or "",
                    f"{result.probability_malignant:.6f}",
                    "malignant" if result.probability_malignant >= 0.5 else "benign",
                    result.assessment,
                    result.patches.count if result.patches else 0,
                ]
            )
    typer.echo(f"{len(files) - len(refused)} of {len(files)} fields: {output}")
    for line in refused:
        _complain(line)
    if refused:
        raise typer.Exit(1)


@app.command()
def train(
    config: Annotated[str, typer.Argument(help="Name of a module in histo_worker.configs.")],
    data: Annotated[Path, typer.Option(help="Folder of BreakHis, original tree or flat.")],
    weights: Annotated[Path, typer.Option(help="Folder of pretrained backbones.")],
    output: Annotated[Path, typer.Option(help="Folder of the model package to write.")],
    cache: Annotated[Path | None, typer.Option(help="Folder to keep features in.")] = None,
) -> None:
    """Train a configuration, measure it out of fold, and write the model package."""
    from histo_worker.training.frozen_head import train_frozen_head
    from histo_worker.training.package_writer import write_package

    settings = importlib.import_module(f"histo_worker.configs.{config}").CONFIG
    manifest = write_package(train_frozen_head(settings, data, weights, cache), output)
    for row in manifest.metrics:
        low, high = row["interval"]
        typer.echo(f"{row['magnification']:>5} {row['name']:<20} {row['value']:.3f} ({low:.3f} to {high:.3f})")
    typer.echo(f"thresholds {json.dumps(manifest.thresholds.model_dump())}; package in {output}")


@app.command()
def reproduce(
    data: Annotated[Path, typer.Option(help="Folder of BreakHis.")],
    weights: Annotated[Path, typer.Option(help="Folder of pretrained backbones.")],
    output: Annotated[Path, typer.Option(help="Markdown file to write.")] = Path("docs/results/histopathology.md"),
    section: Annotated[
        list[str] | None, typer.Option(help="heads, networks or baselines; all where none is named.")
    ] = None,
    cache: Annotated[Path | None, typer.Option(help="Folder to keep features and scores in.")] = None,
) -> None:
    """Run the comparisons and write the measured tables; sections that are not run stay as they are."""
    from histo_worker.reproduction.document import SECTIONS
    from histo_worker.reproduction.document import reproduce as run

    try:
        run(data, weights, output, section or SECTIONS, cache)
    except (FileNotFoundError, ValueError) as error:
        _complain(str(error))
        raise typer.Exit(1) from None
    typer.echo(f"written: {output}")


@app.command()
def evaluate(
    data: Annotated[Path, typer.Argument(help="Folder of BreakHis-named fields that the model was NOT trained on.")],
    output: Annotated[Path, typer.Option(help="Folder for the table and the plots.")] = Path("evaluation"),
    model: Annotated[Path | None, typer.Option(help="Folder of a model package.")] = None,
) -> None:
    """Measure a model package on labelled fields, at image and patient level, with plots."""
    from histo_worker.evaluation.package import evaluate_package
    from histo_worker.settings import HistoSettings

    for line in evaluate_package(HistoSettings() if model is None else HistoSettings(model=model), data, output):
        typer.echo(line)


@app.command()
def explain(
    file: Annotated[Path, typer.Argument(help="Image of an H&E field.")],
    output: Annotated[Path, typer.Option(help="Folder for the pictures.")] = Path("explanation"),
    model: Annotated[Path | None, typer.Option(help="Folder of a model package.")] = None,
) -> None:
    """Draw what the network saw: class activation map, Grad-CAM, and the maps of its first layer."""
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


@app.command("fit-gate")
def fit_gate_command(
    data: Annotated[Path, typer.Option(help="Folder of BreakHis.")],
    mammograms: Annotated[Path | None, typer.Option(help="Folder that holds the mammogram collections.")] = None,
) -> None:
    """Tune the input gate, measure it crosswise, and write its gate.json."""
    from histo_worker.data.breakhis import find_fields
    from histo_worker.gate.fit import fit_gate

    gate = fit_gate(find_fields(data), mammograms)
    gate.save()
    typer.echo(json.dumps(gate.measured, indent=1))


data_app = typer.Typer(help="Look at a copy of BreakHis.")
app.add_typer(data_app, name="data")


@data_app.callback()
def data_commands() -> None:
    """Look at a copy of BreakHis."""


@data_app.command("check")
def data_check(
    folder: Annotated[Path, typer.Argument(help="The original tree or a flat folder.")],
    listing: Annotated[Path | None, typer.Option(help="An official dsfoldN.txt; found in folds/ by itself.")] = None,
) -> None:
    """Count the fields by magnification and class beside the official counts; name what is missing or doubled."""
    from histo_worker.data.check import check_data

    found = next(iter(sorted(folder.glob("folds/dsfold*.txt"))), None) if listing is None else listing
    try:
        check = check_data(folder, found)
    except FileNotFoundError as error:
        _complain(str(error))
        raise typer.Exit(1) from None
    for line in check.lines():
        typer.echo(line)


def _image_info(path: Path, data: bytes) -> ImageInfo:
    from lobule.imaging.header import read_header

    header = read_header(path, "histopathology")
    return ImageInfo(
        sha256=hashlib.sha256(data).hexdigest(),
        file_name=path.name,
        modality="histopathology",
        width=header.width,
        height=header.height,
    )


def _reason(error: Exception) -> str:
    """Code and words of what was wrong with a file."""
    if isinstance(error, AnalysisError):
        return f"{error.code}: {error.detail}"
    if isinstance(error, OSError):
        return f"unreadable_file: {error}"
    return f"internal_error: {type(error).__name__}: {error}"


def _complain(words: str) -> None:
    typer.secho(words, err=True, fg=typer.colors.RED)


def main() -> None:
    """Entry point of `histo-worker`."""
    app()


if __name__ == "__main__":
    main()
