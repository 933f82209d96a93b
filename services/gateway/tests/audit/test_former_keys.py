"""The audit log can be verified after its key was set or replaced."""

import pytest
from pydantic import ValidationError
from sqlalchemy import text

from gateway.audit.anchors import anchor_now
from gateway.audit.service import record
from gateway.audit.verification import verify
from gateway.audit_keys import derived_key, parse_former_keys
from gateway.database import make_engine, make_session_factory, reading
from gateway.settings import GatewaySettings

SECRET, FIRST, SECOND = "the secret of the server" * 2, "the first key of the log" * 2, "the second key of the log" * 2
FORMER = parse_former_keys(f"{SECRET}, {FIRST}\n")


@pytest.fixture
def log(tmp_path, migrated_sqlite):
    """Writes events under a key, and verifies."""
    file = tmp_path / "lobule.sqlite"
    file.write_bytes(migrated_sqlite.read_bytes())
    engine = make_engine(f"sqlite:///{file}")
    yield Log(engine)
    engine.dispose()


class Log:
    def __init__(self, engine):
        self.engine = engine

    def write(self, key, count=3):
        for number in range(count):
            with make_session_factory(self.engine, audit_key=key).begin() as session:
                record(session, None, "alice", "image.upload", "image", f"i{number}")

    def faults(self, key, former=(), anchors=()):
        with reading(make_session_factory(self.engine)) as session:
            return list(verify(session, key, anchors, former))

    def anchor(self, key):
        with reading(make_session_factory(self.engine)) as session:
            return anchor_now(session, key)


def test_events_of_former_keys_are_sound(log):
    log.write(derived_key(SECRET))
    anchor = log.anchor(derived_key(SECRET))
    log.write(FIRST.encode())
    log.write(SECOND.encode())
    assert log.faults(SECOND.encode(), FORMER, [anchor]) == []
    kinds = {fault.kind for fault in log.faults(SECOND.encode(), (), [anchor])}
    assert kinds == {"anchor", "changed"}


def test_a_changed_event_of_a_former_key_is_named(log):
    log.write(FIRST.encode())
    log.write(SECOND.encode())
    with log.engine.begin() as connection:
        connection.execute(text("UPDATE audit_events SET target_id = 'other' WHERE chain = 1 AND position = 1"))
    assert {(fault.kind, fault.chain, fault.first) for fault in log.faults(SECOND.encode(), FORMER)} == {
        ("changed", 1, 1)
    }


def test_a_former_key_cannot_link_events_after_those_of_a_later_one(log):
    log.write(SECOND.encode())
    log.write(FIRST.encode(), 1)
    assert [fault.kind for fault in log.faults(SECOND.encode(), FORMER)] == ["changed"]


def test_settings_read_former_keys(base):
    given = GatewaySettings(**base, audit_keys_before=f"{SECRET},{FIRST}\n")
    assert given.former_audit_secrets == FORMER
    assert GatewaySettings(**base).former_audit_secrets == []


def test_a_short_former_key_is_refused(base):
    with pytest.raises(ValidationError, match="at least 32 characters"):
        GatewaySettings(**base, audit_keys_before=f"{SECRET},short")


@pytest.fixture
def base():
    return {
        "database_url": "sqlite:///x",
        "redis_url": "unix:///none",
        "object_store_url": "file:///none",
        "internal_token": "t" * 32,
        "secret_key": SECRET,
    }
