"""`lobule backup …`."""

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import structlog
import typer
from sqlalchemy import Engine

from gateway.audit.models import BACKUP_CREATED
from gateway.command_line import note
from gateway.database import make_engine
from gateway.operations import backup
from gateway.settings import get_settings
from lobule.storage import ObjectStore, open_configured_store
from lobule.telemetry import configure_logging

log = structlog.get_logger()
_AGAIN_HOURS = 1.0
"""Until a backup that failed is tried again."""

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
def create(
    folder: Folder,
    every_hours: Annotated[float | None, typer.Option(min=0.1, help="go on, and do it this often")] = None,
) -> None:
    """Back up database and objects into a folder; into the same folder again, only new objects are copied."""
    if every_hours is None:
        _do("Backed up", lambda engine, store: _create(engine, store, folder))
        return
    settings = get_settings()
    configure_logging("backup", settings.log_format, settings.log_level)
    engine, store = _open()
    while True:
        pause_hours = every_hours
        try:
            log.info("backed_up", **asdict(_create(engine, store, folder)))
        except Exception as error:  # noqa: BLE001 - whatever stopped this one, the next may succeed; an alert tells
            log.error("backup_failed", error=repr(error))
            pause_hours = min(every_hours, _AGAIN_HOURS)
        time.sleep(pause_hours * 3600)


def _create(engine: Engine, store: ObjectStore, folder: Path) -> backup.Report:
    """Make a backup, and note it: the metrics tell its age."""
    done = backup.create(engine, store, folder)
    _note(BACKUP_CREATED, done, folder)
    return done


def _restore(engine: Engine, store: ObjectStore, folder: Path) -> backup.Report:
    done = backup.restore(engine, store, folder)
    _note("backup.restore", done, folder)
    return done


def _note(action: str, done: backup.Report, folder: Path) -> None:
    note(get_settings(), action, rows=done.rows, objects=done.objects, folder=str(folder.resolve()))


@app.command()
def restore(folder: Folder) -> None:
    """Restore a backup into an empty, migrated database and its store."""
    _do("Restored", lambda engine, store: _restore(engine, store, folder))


@app.command()
def forget_keys(folder: Folder) -> None:
    """Delete the keys of an encrypted backup that the store no longer has, such as those of purged patients."""
    _forget("keys", backup.forget_keys, folder)


@app.command()
def forget_objects(folder: Folder) -> None:
    """Delete the objects of a backup that the store no longer has, such as those of purged patients."""
    _forget("objects", backup.forget_objects, folder)


def _forget(what: str, work: Callable[[ObjectStore, Path], int], folder: Path) -> None:
    try:
        count = work(_open()[1], folder)
    except backup.BackupError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    note(get_settings(), "backup.forget", folder=str(folder.resolve()), **{what: count})
    typer.echo(f"{count} {what} were deleted from the backup.")


@app.command()
def check() -> None:
    """Say which objects the database names and the store lacks."""
    missing = backup.missing_objects(*_open())
    for key in missing:
        typer.echo(f"missing: {key}")
    typer.echo(f"{len(missing)} objects are missing.")
    raise typer.Exit(1 if missing else 0)
