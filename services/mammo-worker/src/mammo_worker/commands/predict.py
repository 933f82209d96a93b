"""The command that analyses films without a service."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from lobule_ml import batch
from mammo_worker.commands.options import started_or_exit
from mammo_worker.predict import SUFFIXES, describe
from mammo_worker.predict_output import (
    Write,
    document_writer,
    film_writer,
    finding_writer,
    line_writer,
    mask_writer,
    names_of,
)
from mammo_worker.settings import MammoSettings

app = typer.Typer()


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
        typer.Option(
            help="CSV file for the findings, in pixels of the upright film; default: findings.csv; - for "
            "standard output."
        ),
    ] = None,
    films: Annotated[
        Path | None, typer.Option(help="CSV file for the films; default: films.csv; - for standard output.")
    ] = None,
    documents: Annotated[
        Path | None,
        typer.Option(
            "--json",
            help="Folder for the JSON file of each film, with the whole result and outlines; - for standard output.",
        ),
    ] = None,
    masks: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the PNG mask of each film: 0, or the number of the finding that contains the pixel."
        ),
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Folder of a model package; default: the installed one.")] = None,
    calcifications: Annotated[
        bool | None,
        typer.Option(
            help="Search films of 0.1 mm a pixel or finer for calcifications, which is experimental; default: "
            "LOBULE_MAMMO_CALCIFICATIONS."
        ),
    ] = None,
) -> None:
    """Analyse films with a model, with the same results as the service.

    Both CSV files are written unless only --json or --masks is given. They include weak findings; the portal marks only
    findings from `thresholds.finding` of model.json on. A film that fails does not stop the others. Its row has an
    error code and the reason, which are listed again at the end, and the exit status is 1.
    """
    for folder in (documents, masks):
        if folder is not None and folder.is_file():
            raise typer.BadParameter(f"{folder} is a file; --json and --masks take the name of a folder")
    if output is None and films is None and documents is None and masks is None:
        output, films = Path("findings.csv"), Path("films.csv")
    with started_or_exit(1):
        from mammo_worker.calcifications.package import installed_search
        from mammo_worker.pipeline import build_pipeline

        paths = batch.expand(files, sys.stdin, SUFFIXES)
        is_searched = MammoSettings().calcifications if calcifications is None else calcifications
        pipeline = build_pipeline(model, installed_search() if is_searched else None)
    tally = batch.Tally("films")
    with batch.written_or_exit(), ExitStack() as stack:
        writers = list(_writers(stack, names_of(paths), output, films, documents, masks))
        for outcome in batch.tracked(batch.analyse(pipeline, paths, describe), "films", len(paths)):
            for write in writers:
                write(outcome)
            tally.add(outcome)
    typer.echo(tally, err=True)
    for line in tally.refused:
        typer.echo(line, err=True)
    if tally.refused:
        raise typer.Exit(1)


def _writers(
    stack: ExitStack,
    names: dict[Path, str],
    output: Path | None,
    films: Path | None,
    documents: Path | None,
    masks: Path | None,
) -> Iterator[Write]:
    """If only one of the CSV files is named, the other one is written as well."""
    if output or films:
        yield finding_writer(stack.enter_context(batch.open_output(output or Path("findings.csv"))))
        yield film_writer(stack.enter_context(batch.open_output(films or Path("films.csv"))))
    if documents is not None:
        yield line_writer(sys.stdout) if str(documents) == "-" else document_writer(documents, names)
    if masks is not None:
        yield mask_writer(masks, names)
