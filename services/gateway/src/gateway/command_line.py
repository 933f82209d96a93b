"""What the gateway's commands share: the choice of the database, and error messages."""

import os
from pathlib import Path

import typer

from gateway.audit.service import record
from gateway.database import AUDIT_KEY, SessionFactory, make_engine, make_session_factory
from gateway.settings import GatewaySettings, derived_audit_key, get_settings
from gateway.signing_keys import SigningKeys
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
        engine, keys = make_engine(settings.database_url), settings.signing_keys
        return make_session_factory(engine, audit_key=settings.audit_secret, signing_keys=keys)
    url = Home.database_in(home)
    if url is None:
        raise fail(words()("cli.no_lobule", folder=home.resolve()))
    secret, secret_key = variable("AUDIT_KEY"), variable("SECRET_KEY") or Home.open(home).secrets["secret_key"]
    key = secret.encode() if secret else derived_audit_key(secret_key)
    keys = SigningKeys(secret_key, variable("SIGNING_KEY"), variable("SIGNING_KEYS_BEFORE") or "")
    return make_session_factory(make_engine(url), audit_key=key, signing_keys=keys)


def note(settings: GatewaySettings, action: str, **detail: object) -> None:
    """Write what a command on the server did into the audit log of its database."""
    engine = make_engine(settings.database_url)
    with make_session_factory(engine, audit_key=settings.audit_secret).begin() as session:
        record(session, None, "command line", action, detail=detail)


def audit_key_of(sessions: SessionFactory) -> bytes:
    """The key of the audit log's chains that these sessions have."""
    return sessions.kw["info"][AUDIT_KEY]
