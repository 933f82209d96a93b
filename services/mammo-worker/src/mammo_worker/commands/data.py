"""Commands that check and prepare data sets."""

from pathlib import Path
from typing import Annotated

import typer

from lobule.words import counted
from lobule_ml import batch
from mammo_worker.commands.options import refused_or_exit

app = typer.Typer(help="Check and prepare data sets.", no_args_is_help=True)


@app.command("check")
def check(
    data: Annotated[Path, typer.Argument(help="A labels CSV, a COCO JSON, or the folder of a known data set.")],
    layout: Annotated[str | None, typer.Option(help="Name of the layout, if it is not recognised.")] = None,
) -> None:
    """Count films, patients and masses, open every file, and list faults. The exit status is 1 if there is any."""
    from mammo_worker.data.check import faults, summary
    from mammo_worker.data.readers import read_data_set

    try:
        found = read_data_set(data, layout)
    except ValueError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    for line in (*summary(found.items), *found.notes):
        typer.echo(line)
    problems = list(found.problems)
    for film in batch.tracked(found.items, "films", len(found.items)):
        problems += faults(film)
    for problem in problems:
        typer.echo(problem, err=True)
    typer.echo(f"{counted(len(found.items), 'film')} opened; {counted(len(problems), 'fault')}")
    if problems or not found.items:
        raise typer.Exit(1)


@app.command("pack")
def pack_films(
    data: Annotated[
        list[Path],
        typer.Argument(help="Data sets in a layout that `check` knows, or the folder of the public data sets."),
    ],
    out: Annotated[Path, typer.Option(help="Folder for labels.csv, films/ and masks/.")],
    height: Annotated[
        int | None, typer.Option(help="Largest height; higher films and their boxes are scaled down.", min=64)
    ] = None,
) -> None:
    """Copy films to one folder of PNG files with a labels CSV, to train on another machine.

    From the public data sets it copies CBIS-DDSM with its hand-drawn masks, and CDD-CESM. If films cannot be read, the
    others are copied, the output lists them, and the exit status is 1.
    """
    from mammo_worker.data.check import unmarked
    from mammo_worker.data.pack import TABLE, pack
    from mammo_worker.data.training_set import films_to_pack

    with refused_or_exit():
        films = films_to_pack(data)
        refused = list(pack(batch.tracked(films, "films", len(films)), out, height))
    for line in (*refused, *unmarked(films)):
        typer.echo(line, err=True)
    typer.echo(f"{len(films) - len(refused)} of {counted(len(films), 'film')} packed: {out / TABLE}")
    if refused:
        raise typer.Exit(1)


@app.command("prepare-ddsm")
def prepare_ddsm(
    folder: Annotated[Path, typer.Argument(help="Folder with DDSM cases, at any depth.")],
    out: Annotated[Path | None, typer.Option(help="Folder for the PNG files; default: beside the cases.")] = None,
    remove_sources: Annotated[
        bool, typer.Option(help="Delete the LJPEG films of a case after its conversion.")
    ] = False,
) -> None:
    """Convert DDSM to 16-bit PNG, linear in optical density, case by case. A stopped conversion can be resumed."""
    from mammo_worker.data.prepare_ddsm import prepare_ddsm as convert

    refused = 0
    for name, outcome in convert(folder, out or folder / "prepared", remove_sources):
        typer.echo(f"{name}: {outcome}")
        refused += outcome.startswith("refused")
    if refused:
        raise typer.Exit(1)
