"""What `lobule doctor` checks of the gateway: its settings and its database."""

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from gateway.database import make_engine, make_session_factory, only_reads_rows, read, without_passwords
from gateway.migrate import lacks_migration
from gateway.settings import GatewaySettings
from gateway.sso.provider import Provider
from lobule.diagnosis import Check, Installation
from lobule.settings import reason_of, variable
from lobule.storage import ObjectStore
from lobule.storage.keys import DataKeys, MasterKey
from lobule.storage.opening import open_store

_CLOCK_S = 5.0
_FILE = "…_file"  # a variable that names a file which cannot be read
_OF_LAUNCHER = {
    **dict.fromkeys(("internal_token", "secret_key"), "x" * 32),
    **{"database_url": "sqlite:////none", "object_store_url": "file:///none", "redis_url": "unix:///none"},
}
"""Valid values of the settings that `lobule up` makes itself where they are unset."""


_ELSEWHERE = {
    *("api_token", "gateway_ca", "home", "mask_text", "password", "server", "time_zone", "trusted_proxies", "username")
}
_SERVICES = ("dicom_", "histo_", "mammo_")
"""Settings that other services and commands read, and what the names of others begin with."""


def settings(installation: Installation) -> Iterator[Check]:
    """The variables of the gateway are set, and their values are valid. The provider of single sign-on answers."""
    for name in unknown_variables(os.environ):
        yield Check("settings", "warning", "setting_unknown", {"variable": name})
    given = _OF_LAUNCHER if installation.embedded else {}
    problems = _wrong_variables(given)
    for name, problem in problems:
        yield Check("settings", "problem", "setting_wrong", {"variable": f"LOBULE_{name.upper()}", "reason": problem})
    if problems:
        return
    yield Check("settings", "ok", "settings")
    read = GatewaySettings(**_unset(given))
    if read.audit_anchors and (reason := _cannot_append(read.audit_anchors)):
        yield Check("audit log", "problem", "anchors_lost", {"file": read.audit_anchors, "reason": reason})
    if read.oidc_issuer and not read.oidc_roles:
        yield Check("single sign-on", "problem", "sso_without_roles")
    if read.oidc_issuer:
        reason = Provider(read).problem()
        values = {"issuer": read.oidc_issuer, "reason": reason}
        yield Check("single sign-on", "problem" if reason else "ok", "sso_away" if reason else "sso", values)


def unknown_variables(names: Iterable[str]) -> list[str]:
    """The variables that look like settings and are none of any service, such as misspelt ones."""
    known = GatewaySettings.model_fields.keys() | _ELSEWHERE
    settings = {
        name: name.removeprefix("LOBULE_").removesuffix("_FILE").lower() for name in names if name.startswith("LOBULE_")
    }
    return sorted(name for name, own in settings.items() if own not in known and not own.startswith(_SERVICES))


def _cannot_append(file: Path) -> str | None:
    """Why nothing can be added to a file; None if it can."""
    is_new = not file.exists()
    try:
        with file.open("a"):
            pass
        if is_new:
            file.unlink()
    except OSError as error:
        return error.strerror
    return None


def database(installation: Installation) -> Iterator[Check]:
    """The database answers, has this version's schema, and its clock is this machine's."""
    if {name for name, _ in _wrong_variables(_OF_LAUNCHER)} & {"database_url", _FILE}:
        return  # `settings` has said so
    url, own = variable("DATABASE_URL"), installation.database_url
    if url is not None and own is not None:
        yield Check("database", "warning", "database_elsewhere", {"folder": installation.home})
    url = url or own
    if url is None:
        if installation.embedded:
            yield Check("database", "ok", "database_new", {"folder": installation.home})
        return
    engine = make_engine(url)
    file = engine.url.database if engine.dialect.name == "sqlite" else None
    if file and not Path(file).exists():  # a connection would make it
        yield Check("database", "problem", "database_old")
        return
    try:
        yield from _of(engine)
    except SQLAlchemyError as error:
        reason = str(error.__cause__ or error).strip().splitlines()[0]
        yield Check("database", "problem", "database_away", {"reason": reason})
    finally:
        engine.dispose()


def encryption(installation: Installation) -> Iterator[Check]:
    """Whether objects are encrypted from now on, and those that are already can be read."""
    key, before = variable("MASTER_KEY"), variable("MASTER_KEY_BEFORE")
    fits = None
    if store := _store(installation):
        fits = DataKeys(store, MasterKey(key or ""), MasterKey(before) if before else None).fit()
    if key is None:
        yield Check("encryption", *(("warning", "encryption_off") if fits is None else ("problem", "no_master_key")))
    elif fits is False:
        yield Check("encryption", "problem", "other_master_key")
    else:
        yield Check("encryption", "ok", "encryption")


def _store(installation: Installation) -> ObjectStore | None:
    """The object store, as it is without keys; None if there is none, or it is away, which another check says."""
    folder = installation.home / "objects"
    url = variable("OBJECT_STORE_URL") or (folder.as_uri() if installation.embedded and folder.is_dir() else None)
    try:
        opened = open_store(url, variable("S3_ENDPOINT_URL")) if url else None
        if opened is not None:
            opened.check()
    except Exception:  # noqa: BLE001 - any error means that it cannot be used
        return None
    return opened


def _of(engine: Engine) -> Iterator[Check]:
    is_old, theirs, read_only = read(make_session_factory(engine), _state)
    if read_only:
        yield Check("database", "problem", "database_read_only")
    elif is_old:
        yield Check("database", "problem", "database_old")
    else:
        yield Check("database", "ok", "database", {"database": without_passwords(engine.url)})
    if theirs is None:
        return
    difference = abs((datetime.now(UTC) - theirs).total_seconds())
    if difference > _CLOCK_S:
        yield Check("clock", "problem", "clock_differs", {"seconds": f"{difference:.0f}"})


def _state(session: Session) -> tuple[bool, datetime | None, bool]:
    """Whether its schema is older; the database's clock, if it is another machine's; whether it only reads."""
    connection = session.connection()
    is_old = lacks_migration(connection)
    if connection.dialect.name != "postgresql":
        return is_old, None, False
    theirs = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return is_old, theirs, only_reads_rows(connection)


def _unset(given: Mapping[str, str]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if variable(name.upper()) is None}


def _wrong_variables(given: Mapping[str, str]) -> list[tuple[str, str]]:
    """The settings that are missing or invalid, each with its reason.

    Args:
        given: Settings that count where no variable sets them.
    """
    try:
        GatewaySettings(**_unset(given))
    except ValidationError as error:
        problems = error.errors(include_input=False)
        return [(str(each["loc"][0]) if each["loc"] else "…", reason_of(each)) for each in problems]
    except OSError as error:
        return [(_FILE, str(error))]
    return []
