"""What the gateway's commands share: the choice of the database, and error messages."""

import os
from pathlib import Path

import typer

from gateway.database import AUDIT_KEY, SessionFactory, make_engine, make_session_factory
from gateway.settings import derived_audit_key, get_settings
from lobule.cli.common import words
from lobule.launcher.home import Home
from lobule.settings import variable


def fail(problem: str) -> typer.Exit:
    """Print a problem to standard error; returns the exception to raise."""
    typer.echo(problem, err=True)
    return typer.Exit(1)


def sessions_at(home: Path) -> SessionFactory:
    """Sessions of the database that `lobule up` with the same folder and variables would use."""
    if os.environ.get("LOBULE_DATABASE_URL") or os.environ.get("LOBULE_DATABASE_URL_FILE"):
        settings = get_settings()
        return make_session_factory(make_engine(settings.database_url), audit_key=settings.audit_secret)
    url = Home.database_in(home)
    if url is None:
        raise fail(words()("cli.no_lobule", folder=home.resolve()))
    secret = variable("AUDIT_KEY")
    key = secret.encode() if secret else derived_audit_key(Home.open(home).secrets["secret_key"])
    return make_session_factory(make_engine(url), audit_key=key)


def audit_key_of(sessions: SessionFactory) -> bytes:
    """The key of the audit log's chains that these sessions have."""
    return sessions.kw["info"][AUDIT_KEY]
