"""`lobule backup …`."""

import time
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import structlog
import typer
from sqlalchemy import Engine

from gateway.audit.models import BACKUP_CREATED
from gateway.audit.service import record_command
from gateway.audit.verification import is_of
from gateway.backup_folder import in_use
from gateway.command_line import (
    commands,
    end_on_sigterm,
    fail,
    kept_from_running,
    settings_at,
    tell_what_is_changed,
)
from gateway.database import make_engine, make_session_factory, read
from gateway.migrate import is_known, migrate
from gateway.operations import backup, forgetting
from gateway.operations.completeness import Fault, faulty_objects, restore_object
from gateway.settings import GatewaySettings
from lobule.cli.common import DEFAULT_HOME, HomeFolder
from lobule.cli.common import words as sentences
from lobule.command_line import no_nan
from lobule.launcher.home import Home
from lobule.settings import variable
from lobule.storage import ObjectStore, StoreUnavailableError, open_configured_store
from lobule.telemetry import configure_logging
from lobule.words import counted

log = structlog.get_logger()
_AGAIN_HOURS = 1.0
"""Until a backup that failed is tried again."""

app = commands(
    "Back up, restore and check the database and the objects of LOBULE_DATABASE_URL and "
    "LOBULE_OBJECT_STORE_URL or, if they are not set, of the folder that `lobule up` uses."
)
Folder = Annotated[Path, typer.Argument(help="folder of the backup")]
Sure = Annotated[
    bool,
    typer.Option(
        "--yes", help="delete also if that is most of the backup, or if the database in the backup names them"
    ),
]


def _open(settings: GatewaySettings) -> tuple[Engine, ObjectStore]:
    return make_engine(settings.database_url), open_configured_store(settings)


def _do(
    words: str, settings: GatewaySettings, work: Callable[[GatewaySettings, Path], backup.Report], folder: Path
) -> None:
    done = work(settings, folder)
    objects = f"{counted(done.objects, 'object')} ({counted(done.bytes, 'byte')})"
    typer.echo(f"{words}: {counted(done.rows, 'row')}, {objects}, {done.known} there already.")


@app.command()
def create(
    folder: Folder,
    home: HomeFolder = DEFAULT_HOME,
    every_hours: Annotated[
        float | None, typer.Option(min=0.1, callback=no_nan, help="repeat the backup every so many hours")
    ] = None,
) -> None:
    """Back up the database and the objects to a folder.

    If the folder has an earlier backup, only new objects are copied.
    """
    settings = settings_at(home)
    if every_hours is None:
        _do("Backed up", settings, _create, folder)
        return
    end_on_sigterm()
    configure_logging("backup", settings.log_format, settings.log_level)
    while True:
        pause_hours = every_hours
        try:
            log.info("backed_up", **asdict(_create(settings, folder)))
        except Exception as error:  # noqa: BLE001 - whatever stopped this one, the next may succeed; an alert tells
            code = "disk_full" if isinstance(error, backup.BackupError) and error.code == "full" else "other"
            log.error("backup_failed", code=code, error=repr(error))
            pause_hours = min(every_hours, _AGAIN_HOURS)
        time.sleep(pause_hours * 3600)


def _create(settings: GatewaySettings, folder: Path) -> backup.Report:
    """Make a backup, and note it: the metrics tell its age."""
    done = backup.create(*_open(settings), folder)
    _note(settings, BACKUP_CREATED, done, folder)
    return done


def _restore(settings: GatewaySettings, folder: Path) -> backup.Report:
    engine, store = _open(settings)
    done = backup.restore(engine, store, folder)
    migrate(settings.database_url, audit_key=settings.audit_secret)
    keys = [*settings.former_audit_secrets, settings.audit_secret]
    if not read(make_session_factory(engine), lambda session: is_of(session, keys)):
        typer.echo(sentences()("cli.other_secrets"), err=True)
    _note(settings, "backup.restore", done, folder)
    return done


def _note(settings: GatewaySettings, action: str, done: backup.Report, folder: Path) -> None:
    record_command(settings, action, rows=done.rows, objects=done.objects, folder=str(folder.resolve()))


@app.command()
def restore(folder: Folder, home: HomeFolder = DEFAULT_HOME) -> None:
    """Restore a backup to an empty, migrated database and its object store.

    In a folder without a database, such as a new one for `lobule up`, the command makes one. It then migrates the
    database to the schema of this version, and compares the objects in the store with what the database or their
    encryption tells of them. The exit status is 1 if some are missing or damaged.
    """
    revision = backup.description(folder)["revision"]
    if not is_known(revision):
        raise backup.BackupError("newer", revision=revision)
    with kept_from_running(home):
        if not variable("DATABASE_URL") and Home.database_in(home) is None:
            migrate(Home.open(home).settings()["database_url"], revision)
        settings = settings_at(home)
        _do("Restored", settings, _restore, folder)
    try:
        left, _ = _mend(settings, folder, contents=True)
    except StoreUnavailableError as error:  # without the master key of encrypted objects, for example
        raise fail(sentences()("cli.backup_unchecked", reason=error)) from None
    _conclude(left, contents=True)
    if left.total():
        raise fail(sentences()("cli.backup_faulty"))


@app.command()
def forget_keys(folder: Folder, home: HomeFolder = DEFAULT_HOME, yes: Sure = False) -> None:
    """Delete the keys in an encrypted backup that the store no longer has, for example those of purged patients."""
    _forget("key", partial(forgetting.forget_keys, sure=yes), settings_at(home), folder)


@app.command()
def forget_objects(folder: Folder, home: HomeFolder = DEFAULT_HOME, yes: Sure = False) -> None:
    """Delete the objects in a backup that the store no longer has, for example those of purged patients."""
    _forget("object", partial(forgetting.forget_objects, sure=yes), settings_at(home), folder)


def _forget(what: str, work: Callable[[ObjectStore, Path], int], settings: GatewaySettings, folder: Path) -> None:
    tell_what_is_changed(settings)
    count = work(_open(settings)[1], folder)
    record_command(settings, "backup.forget", folder=str(folder.resolve()), **{f"{what}s": count})
    typer.echo(f"Deleted from the backup: {counted(count, what)}.")


@app.command()
def check(
    home: HomeFolder = DEFAULT_HOME,
    restore_from: Annotated[
        Path | None, typer.Option(help="folder of a backup, from which missing and damaged objects are copied")
    ] = None,
    contents: Annotated[
        bool, typer.Option("--contents", help="also find damaged objects, for which every one is read as a whole")
    ] = False,
) -> None:
    """List the objects that the database names and the store lacks.

    With --contents, they are compared with what the database or their encryption tells of them, as those are that
    --restore-from copies from a backup; one that is damaged there is not copied. The exit status is 1 if objects are
    still missing or damaged.
    """
    settings = settings_at(home)
    with nullcontext() if restore_from is None else in_use(restore_from):
        left, restored = _mend(settings, restore_from, contents=contents)
    if restore_from is not None:
        if restored:
            record_command(settings, "backup.restore_objects", folder=str(restore_from.resolve()), objects=restored)
        typer.echo(f"Restored: {counted(restored, 'object')}.")
    _conclude(left, contents=contents)
    raise typer.Exit(1 if left.total() else 0)


def _mend(settings: GatewaySettings, restore_from: Path | None, *, contents: bool) -> tuple[Counter[Fault], int]:
    """Print what is missing or damaged; returns how many objects are, and how many were until they were restored."""
    engine, store = _open(settings)
    left, restored = Counter[Fault](), 0
    for wanted, fault in faulty_objects(engine, store, contents=contents):
        found = "missing" if restore_from is None else restore_object(store, restore_from, wanted)
        said = {"restored": "restored", "damaged": "damaged in the backup", "missing": fault}[found]
        typer.echo(f"{said}: {wanted.key}")
        if found == "restored":
            restored += 1
        else:
            left[fault] += 1
    return left, restored


def _conclude(left: Counter[Fault], *, contents: bool) -> None:
    typer.echo(f"Missing: {counted(left['missing'], 'object')}.")
    if contents:
        typer.echo(f"Damaged: {counted(left['damaged'], 'object')}.")
