"""What the gateway's commands share: the choice of the database, and error messages."""

import os
from pathlib import Path

import typer

from gateway.database import SessionFactory, make_engine, make_session_factory
from gateway.settings import get_settings
from lobule.cli.common import words
from lobule.launcher.home import Home


def fail(problem: str) -> typer.Exit:
    """Print a problem to standard error; returns the exception to raise."""
    typer.echo(problem, err=True)
    return typer.Exit(1)


def sessions_at(home: Path) -> SessionFactory:
    """Sessions of the database that `lobule up` with the same folder and variables would use."""
    if os.environ.get("LOBULE_DATABASE_URL") or os.environ.get("LOBULE_DATABASE_URL_FILE"):
        url = get_settings().database_url
    else:
        url = Home.database_in(home)
    if url is None:
        raise fail(words()("cli.no_lobule", folder=home.resolve()))
    return make_session_factory(make_engine(url))
