"""`lobule backup …`."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.database import make_engine
from gateway.operations import backup
from gateway.settings import get_settings
from lobule.storage import open_configured_store

app = typer.Typer(no_args_is_help=True, help="Back up database and objects, restore them, and check them.")
Folder = Annotated[Path, typer.Argument(help="folder of the backup")]


def _open():
    settings = get_settings()
    return make_engine(settings.database_url), open_configured_store(settings)


def _do(words: str, work) -> None:
    try:
        done = work(*_open())
    except backup.BackupError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{words}: {done.rows} rows, {done.objects} objects ({done.bytes} bytes), {done.known} there already.")


@app.command()
def create(folder: Folder) -> None:
    """Back up database and objects into a folder; into the same folder again, only new objects are copied."""
    _do("Backed up", lambda engine, store: backup.create(engine, store, folder))


@app.command()
def restore(folder: Folder) -> None:
    """Restore a backup into an empty, migrated database and its store."""
    _do("Restored", lambda engine, store: backup.restore(engine, store, folder))


@app.command()
def check() -> None:
    """Say which objects the database names and the store lacks."""
    missing = backup.missing_objects(*_open())
    for key in missing:
        typer.echo(f"missing: {key}")
    typer.echo(f"{len(missing)} objects are missing.")
    raise typer.Exit(1 if missing else 0)
