"""Keeps migrations, restores and backups of one database apart: any number of processes may start them at once."""

import fcntl
from collections.abc import Generator
from contextlib import contextmanager

import typer
from sqlalchemy import Engine, text

from lobule.cli.common import words

_KEY = 0x10B01E


@contextmanager
def migration_lock(engine: Engine, *, shared: bool = False) -> Generator[None]:
    """Wait until no other process migrates or restores the database, and keep others waiting.

    Whoever waits says so on standard error.

    Args:
        engine: The database.
        shared: For those that only read: they do not wait for each other.
    """
    if engine.dialect.name == "postgresql":
        with _advisory_lock(engine, "_shared" if shared else ""):
            yield
    else:
        with _lock_of_file(engine.url.database, fcntl.LOCK_SH if shared else fcntl.LOCK_EX):
            yield


@contextmanager
def _advisory_lock(engine: Engine, kind: str) -> Generator[None]:
    """A lock of PostgreSQL that ends with its connection, which is not given back to be used again."""
    with engine.connect() as connection:
        connection.detach()
        if not connection.scalar(text(f"SELECT pg_try_advisory_lock{kind}(:key)"), {"key": _KEY}):
            _say_that_it_waits()
            connection.execute(text(f"SELECT pg_advisory_lock{kind}(:key)"), {"key": _KEY})
        connection.commit()
        yield


@contextmanager
def _lock_of_file(database: str | None, kind: int) -> Generator[None]:
    """A lock of a file beside that of SQLite; a file system without locks, or that cannot be written, has none."""
    try:
        file = open(f"{database}.lock", "a")  # noqa: PTH123, SIM115 - closed below
    except OSError:  # SQLite says why it cannot be used
        yield
        return
    with file:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            _say_that_it_waits()
            fcntl.flock(file, kind)
        except OSError:
            pass
        yield


def _say_that_it_waits() -> None:
    typer.echo(words()("cli.waits_for_migration"), err=True)
