"""`python -m gateway.migrate`: migrates the database to the schema of this version, or back to an older one."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from gateway import unfinished_upgrade
from gateway.audit import sealing
from gateway.cases import repository
from gateway.cases.service import summarise
from gateway.command_line import database_problem, fail, settings_at
from gateway.database import SessionFactory, make_engine, make_session_factory, only_reading, read
from gateway.errors import ProblemError
from gateway.migration_lock import migration_lock
from gateway.settings import get_settings
from lobule.cli.common import words
from lobule.launcher.errors import StartError
from lobule.launcher.home import Home

_DEADLOCK, _DEADLOCKS = "40P01", 5  # code of PostgreSQL, and how many are tried again


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


@cache
def _revisions() -> list[str]:
    """The revisions that this version knows, the newest first."""
    return [revision.revision for revision in ScriptDirectory.from_config(_config()).walk_revisions()]


def _newer_than(revision: str) -> list[str]:
    known = _revisions()
    return known[: known.index(revision)]


def is_known(revision: str) -> bool:
    """Whether this version has a migration to a revision."""
    return revision in _revisions()


def current_revision(connection: Connection) -> str | None:
    """The revision of a database; None before its first migration."""
    return MigrationContext.configure(connection).get_current_revision()


def lacks_migration(connection: Connection) -> bool:
    """Whether the database is older than this version needs.

    A newer database is accepted: during an upgrade the old version continues to work on it (see docs/operations.md).
    """
    current = current_revision(connection)
    return current is None or current in _revisions()[1:]


class NewerDatabaseError(StartError):
    """A newer version has migrated the database. The message says how to downgrade.

    Args:
        current: Revision of the database.
    """

    def __init__(self, current: str) -> None:
        super().__init__("database_newer", current=current, known=_revisions()[0])


def migrate(
    database_url: str, revision: str = "head", *, new: str | None = None, audit_key: bytes | None = None
) -> None:
    """Upgrade or downgrade a database.

    Args:
        database_url: Address of the database.
        revision: Target; one that is older than the present revision downgrades, any other one upgrades.
        new: For developers: instead, write a migration with this message from the difference to the models.
        audit_key: Key that links the audit events of a version without chains; without it they stay unlinked.

    Raises:
        NewerDatabaseError: A newer version has migrated the database.
        StartError: The database is new, and cannot store every text.
        CommandError: There is no such revision.
    """
    config = _config()
    engine = make_engine(database_url)
    try:
        with migration_lock(engine):
            with engine.connect() as connection:
                _run_migrations(config, connection, revision, new)
            if new is None and revision == "head":
                _complete(engine, audit_key)
    finally:
        engine.dispose()


def _run_migrations(config: Config, connection: Connection, revision: str, new: str | None) -> None:
    config.attributes["connection"] = connection
    if connection.dialect.name == "sqlite":
        # SQLite recreates a changed table, and dropping the old one would delete the rows that refer to it.
        # This can be switched only outside of a transaction, so not with a statement of SQLAlchemy.
        _raw(connection).execute("PRAGMA foreign_keys=OFF")
    current = current_revision(connection)
    if current is None:
        _check_encoding(connection)
    connection.commit()
    if current is not None and not is_known(current):
        raise NewerDatabaseError(current)
    if new is not None:
        command.revision(config, new, autogenerate=True)
    elif revision == "head" or current is None or revision in _newer_than(current):
        _again_after_deadlocks(connection, lambda: command.upgrade(config, revision))
    else:
        _again_after_deadlocks(connection, lambda: command.downgrade(config, revision))
    connection.commit()
    if connection.dialect.name == "sqlite":
        broken = _raw(connection).execute("PRAGMA foreign_key_check").fetchall()
        assert not broken, f"the migration left rows that refer to nothing: {broken[:5]}"
        _raw(connection).execute("PRAGMA foreign_keys=ON")


def _check_encoding(connection: Connection) -> None:
    if (
        connection.dialect.name == "postgresql"
        and (encoding := connection.scalar(text("SHOW server_encoding"))) != "UTF8"
    ):
        raise StartError("database_encoding", encoding=encoding)


def _again_after_deadlocks(connection: Connection, run: Callable[[], None]) -> None:
    """Run migrations, again if PostgreSQL ended one because of a running gateway's transaction.

    Each migration has a transaction of its own there, so those before it stay, and it left nothing behind.
    """
    for _ in range(_DEADLOCKS):
        try:
            return run()
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != _DEADLOCK:
                raise
            connection.rollback()
    return run()


def _raw(connection: Connection) -> Any:
    return connection.connection.dbapi_connection


def _complete(engine: Engine, audit_key: bytes | None) -> None:
    """Do what this upgrade, or one that was killed, has left to do after its last migration."""
    with engine.connect() as connection:
        left = unfinished_upgrade.noted(only_reading(connection))
    sessions = make_session_factory(engine, audit_key=audit_key)
    _fill_cases(sessions, by_former_rule="conclude" in left)
    if "conclude" in left:
        _forget(engine, "conclude")
    if "link" in left and audit_key is not None:
        sealing.seal(sessions, since=sealing.BEGINNING)
        _forget(engine, "link")


def _forget(engine: Engine, work: unfinished_upgrade.Work) -> None:
    with engine.begin() as connection:
        unfinished_upgrade.forget(connection, work)


def _fill_cases(sessions: SessionFactory, *, by_former_rule: bool) -> None:
    """Fill the summaries of cases from a version that stored none, or that concluded by another rule."""
    for case_id in read(sessions, lambda session: repository.without_summary(session, by_former_rule=by_former_rule)):
        with sessions.begin() as session:
            try:
                case = repository.locked(session, case_id)
            except ProblemError:  # a gateway that runs meanwhile has deleted it
                continue
            summarise(session, case, repository.latest_jobs(session, case_id))


def main(
    revision: Annotated[str, typer.Option(help="revision to migrate to; an older one downgrades")] = "head",
    new: Annotated[str | None, typer.Option(help="write a new migration with this message")] = None,
    wait: Annotated[float, typer.Option(help="seconds to wait for the database to start")] = 60,
    accept_newer: Annotated[
        bool, typer.Option(help="accept a database of a newer version, and do not change it")
    ] = False,
    home: Annotated[Path | None, typer.Option(help="folder of `lobule up`, which must not run meanwhile")] = None,
) -> None:
    """Migrate the database at LOBULE_DATABASE_URL or, with --home, that of `lobule up`."""
    settings = get_settings() if home is None else settings_at(home)
    url = settings.database_url
    _wait_for(url, wait)
    with plain_errors(), nullcontext() if home is None else Home.open(home).in_use():
        try:
            migrate(url, revision, new=new, audit_key=settings.audit_secret)
        except NewerDatabaseError as error:
            if not accept_newer:
                raise
            typer.echo(error.sentence(words()), err=True)
            return
    typer.echo("The database is ready.")


@contextmanager
def plain_errors() -> Generator[None]:
    """Say in a line why the database cannot be migrated, and exit with status 1."""
    try:
        yield
    except StartError as error:
        raise fail(error.sentence(words())) from None
    except DBAPIError as error:
        raise fail(database_problem(error)) from None
    except CommandError as error:  # of Alembic
        raise fail(str(error)) from None


def _wait_for(url: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    engine = make_engine(url)
    while True:
        try:
            with engine.connect():
                break
        except OperationalError as error:
            if time.monotonic() > deadline:
                typer.echo(f"The database does not answer: {error.orig}", err=True)
                raise typer.Exit(1) from None
            time.sleep(1)
    engine.dispose()


if __name__ == "__main__":
    typer.run(main)
