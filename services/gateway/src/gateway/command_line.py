"""What the gateway's commands share: the choice of the database, and error messages."""

import signal
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import typer
from sqlalchemy.exc import DBAPIError

from gateway.backup_folder import BackupError
from gateway.database import (
    AUDIT_KEY,
    DISK_FULL,
    READ_ONLY,
    SessionFactory,
    make_engine,
    make_session_factory,
    without_passwords,
)
from gateway.settings import GatewaySettings, get_settings
from lobule.cli.common import DEFAULT_HOME
from lobule.command_line import Commands
from lobule.launcher.errors import StartError
from lobule.launcher.home import Home
from lobule.settings import read_settings, variable
from lobule.storage import StoreUnavailableError, is_disk_full
from lobule.terminal import said_of, words

_UNDEFINED = ("42P01", "42703")
"""PostgreSQL's codes of a table and a column that it does not have."""
_FORBIDDEN = "42501"
"""PostgreSQL's code of what the user may not do."""


def fail(problem: str) -> typer.Exit:
    """Print a problem to standard error; returns the exception to raise."""
    typer.echo(problem, err=True)
    return typer.Exit(1)


class _Commands(Commands):
    """Commands that say in a line why the database, the store or a file cannot be used."""

    def invoke(self, ctx: Any) -> Any:
        """See `click.Command`."""
        try:
            return super().invoke(ctx)
        except DBAPIError as error:
            raise fail(database_problem(error)) from None
        except (StartError, BackupError) as error:
            raise fail(error.sentence(words())) from None
        except BrokenPipeError:
            raise
        except (OSError, StoreUnavailableError) as error:
            raise fail(said_of(error)) from None


def database_problem(error: DBAPIError) -> str:
    """Why the database cannot be used, and what to do, in the language of the terminal."""
    reason = (str(error.orig).strip() or str(error)).splitlines()[0]
    state = getattr(error.orig, "sqlstate", None)
    missing = ("no such table", "no such column")  # SQLite has no codes for them
    if state in _UNDEFINED or reason.startswith(missing):
        return words()("doctor.database_old")
    if state == DISK_FULL or (isinstance(error.orig, Exception) and is_disk_full(error.orig)):
        return words()("cli.disk_full", reason=reason)
    if getattr(error.orig, "sqlite_errorcode", None) is not None:
        return words()("cli.database_file", reason=reason)
    if state == READ_ONLY:
        return words()("doctor.database_read_only")
    if state == _FORBIDDEN:
        return words()("cli.database_refuses", reason=reason)
    return words()("doctor.database_away", reason=reason)


def commands(description: str) -> typer.Typer:
    """A group of commands.

    Args:
        description: What they do, as `--help` shows it.
    """
    return typer.Typer(cls=_Commands, no_args_is_help=True, help=description)


def end_on_sigterm() -> None:
    """End when the container is stopped: as its first process, a program without a handler is not ended by SIGTERM."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))


def settings_at(home: Path) -> GatewaySettings:
    """The settings that `lobule up` with the folder and the variables would use.

    With LOBULE_DATABASE_URL, those of the environment alone, unless the command names the folder: the default one may
    belong to another system.
    """
    if not _is_meant(home):
        return get_settings()
    refuse_another_store(home)
    if variable("DATABASE_URL") is None and Home.database_in(home) is None:
        raise fail(words()("cli.no_lobule", folder=home.resolve()))
    # Redis is a child of `lobule up`, at a socket of its own; no command asks for it.
    redis = {} if variable("REDIS_URL") else {"redis_url": "unix:///none"}
    return read_settings(GatewaySettings, **Home.open(home).settings(), **redis)


def _is_meant(home: Path) -> bool:
    return variable("DATABASE_URL") is None or (home != DEFAULT_HOME and Home.is_at(home))


def kept_from_running(home: Path) -> AbstractContextManager[None]:
    """Keep `lobule up` with the folder from starting; if `settings_at` does not use the folder, nothing is locked.

    Raises:
        StartError: It runs already.
    """
    if not _is_meant(home):
        return nullcontext()
    refuse_another_store(home)
    return Home.open(home).in_use()


def refuse_another_store(home: Path) -> None:
    """Refuse an object store without a database, unless the command names another folder than the default.

    The folder's database would be compared with a store that may be another system's, and what it does not know would
    be deleted there.
    """
    if home == DEFAULT_HOME and variable("OBJECT_STORE_URL"):
        raise fail(words()("cli.store_without_database", folder=home.resolve()))


def tell_what_is_changed(settings: GatewaySettings) -> None:
    """Print database and object store to standard error, before something is deleted there."""
    database = without_passwords(settings.database_url)
    typer.echo(words()("cli.works_on", database=database, store=settings.object_store_url), err=True)


def sessions_at(home: Path) -> SessionFactory:
    """Sessions of the database that `lobule up` with the same folder and variables would use."""
    settings = settings_at(home)
    engine, keys = make_engine(settings.database_url), settings.signing_keys
    return make_session_factory(engine, audit_key=settings.audit_secret, signing_keys=keys)


def audit_key_of(sessions: SessionFactory) -> bytes:
    """The key of the audit log's chains that these sessions have."""
    return sessions.kw["info"][AUDIT_KEY]
