"""The audit log shows every event that was changed, deleted, inserted or moved, on both databases."""

import json
import re
import threading
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from gateway.audit import repository
from gateway.audit.anchors import Anchorer, anchor_now, read_anchors
from gateway.audit.chain import ChainsLostError
from gateway.audit.commands import app as audit_commands
from gateway.audit.export import line_of
from gateway.audit.repository import AuditFilter
from gateway.audit.sealing import Sealed, described, seal
from gateway.audit.service import record
from gateway.audit.verification import Fault, verify
from gateway.database import make_engine, make_session_factory, reading
from gateway.migrate import migrate

KEY = b"a key of the tests that is long enough"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def sessions(request, tmp_path, migrated_sqlite):
    if request.param == "sqlite":
        file = tmp_path / "lobule.sqlite"
        file.write_bytes(migrated_sqlite.read_bytes())
        url = f"sqlite:///{file}"
    else:
        url = request.getfixturevalue("migrated_postgres_url")
    engine = make_engine(url)
    yield make_session_factory(engine, audit_key=KEY)
    engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def new_database(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new.sqlite'}"
    return request.getfixturevalue("new_postgres_url")()


def write(sessions, count=5, name="alice"):
    for number in range(count):
        with sessions.begin() as session:
            record(session, None, name, "image.upload", "image", f"i{number}", {"number": number, "ratio": 0.1})


def faults(sessions, anchors=(), key=KEY):
    with reading(sessions) as session:
        return list(verify(session, key, anchors))


def change(sessions, statement):
    with sessions.begin() as session:
        session.execute(text(statement))


def test_what_gateways_write_is_sound(sessions):
    write(sessions)
    with sessions.begin() as session:  # several events of one transaction
        record(session, None, "bob", "case.create", "case", "c", {"name": "Ünï \ud800"})
        session.flush()
        record(session, None, "bob", "case.claim", "case", "c")
    assert faults(sessions) == []
    assert {fault.kind for fault in faults(sessions, key=b"another key")} == {"changed"}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE audit_events SET actor_name = 'bob' WHERE position = 2", [("changed", 2, 2)]),
        ("UPDATE audit_events SET detail = '{\"number\": 7}' WHERE position = 2", [("changed", 2, 2)]),
        ("UPDATE audit_events SET at = '2026-01-01 00:00:00+00:00' WHERE position = 5", [("changed", 5, 5)]),
        ("UPDATE audit_events SET token_id = 't' WHERE position = 1", [("changed", 1, 1)]),
        ("DELETE FROM audit_events WHERE position = 1", [("missing", 1, 1)]),
        ("DELETE FROM audit_events WHERE position IN (2, 3)", [("missing", 2, 3)]),
        ("DELETE FROM audit_events WHERE position = 5", [("missing", 5, 5)]),
        ("DELETE FROM audit_chains", [("end", 0, 0)] * 16),
        ("UPDATE audit_chains SET position = 0, link = ''", [("end", 0, 0)]),
        ("UPDATE audit_chains SET position = 4 WHERE id = 1", [("changed", 4, 4)]),
    ],
)
def test_what_somebody_does_to_the_database_is_found(sessions, statement, expected):
    write(sessions)
    change(sessions, statement)
    assert [(fault.kind, fault.first, fault.last) for fault in faults(sessions)] == expected


def test_moved_and_inserted_events_are_found(sessions):
    write(sessions)
    change(sessions, "UPDATE audit_events SET position = 99 WHERE position = 2")
    change(sessions, "UPDATE audit_events SET position = 2 WHERE position = 3")
    change(sessions, "UPDATE audit_events SET position = 3 WHERE position = 99")
    assert [(fault.kind, fault.first) for fault in faults(sessions)][:2] == [("changed", 2), ("changed", 3)]
    columns = "at, actor_name, action, detail"
    change(sessions, f"INSERT INTO audit_events ({columns}) SELECT {columns} FROM audit_events WHERE position = 1")
    assert [fault.kind for fault in faults(sessions)].count("unlinked") == 1


def test_an_anchor_knows_what_was_cut_off(sessions, tmp_path):
    file = tmp_path / "anchors"
    write(sessions)
    anchorer = Anchorer(sessions, KEY, file)
    anchorer.anchor()
    write(sessions, 1)
    anchorer.anchor()
    assert faults(sessions, read_anchors(file)) == []
    link = "(SELECT link FROM audit_events WHERE chain = 1 AND position = 3)"
    change(sessions, f"UPDATE audit_chains SET position = 3, link = {link} WHERE id = 1")
    change(sessions, "DELETE FROM audit_events WHERE chain = 1 AND position > 3")
    assert faults(sessions) == [], "the database alone cannot know"
    assert faults(sessions, read_anchors(file)) == [Fault("missing", 1, 4, 6)]
    file.write_bytes(file.read_bytes().replace(b'[6,"', b'[5,"') + b"nonsense \xff\n")
    assert [fault.kind for fault in faults(sessions, read_anchors(file))].count("anchor") == 2


def test_what_is_rolled_back_leaves_no_gap(sessions):
    with sessions() as session:
        record(session, None, "alice", "case.create")
        session.flush()
        session.rollback()
        session.commit()
    write(sessions, 2)
    assert faults(sessions) == []


def test_what_is_rolled_back_to_a_savepoint_leaves_the_events_before_it(sessions):
    with sessions.begin() as session:
        record(session, None, "alice", "case.create")
        with session.begin_nested() as place:
            record(session, None, "alice", "case.claim")
            place.rollback()
    with reading(sessions) as session:
        events = [(event.action, event.chain) for event in repository.every(session, AuditFilter())]
    assert events == [("case.create", 1)]


def test_a_gateway_begins_no_chain_anew(sessions):
    write(sessions)
    change(sessions, "UPDATE audit_events SET chain = NULL, position = NULL, link = NULL, actor_name = 'bob'")
    change(sessions, "DELETE FROM audit_chains")
    with pytest.raises(ChainsLostError):
        write(sessions, 1)
    assert [fault.kind for fault in faults(sessions)] == ["end"] * 16 + ["unlinked"] * 5
    change(sessions, "INSERT INTO audit_chains (id, position, link) VALUES (1, 0, '')")
    write(sessions, 1)
    assert [fault.kind for fault in faults(sessions)].count("unlinked") == 5, "only a command links them"


def test_the_command_links_older_events_and_makes_lost_ends_and_the_log_says_so(sessions, monkeypatch):
    monkeypatch.setattr(repository, "_BATCH", 2)
    write(sessions, 1)
    columns, values = "at, actor_name, action, detail", "'2999-01-01 00:00:00+00:00', 'alice', 'auth.login', '{}'"
    for _ in range(5):
        change(sessions, f"INSERT INTO audit_events ({columns}) VALUES ({values})")
    change(sessions, "DELETE FROM audit_chains WHERE id < 3")
    told = []
    assert seal(sessions, lambda event, linked: told.append((described(event)[2:], linked))) == Sealed(5, 0, [1, 2])
    assert told == [("2999-01-01T00:00:00Z alice auth.login -", True)] * 5
    assert seal(sessions, pytest.fail) == Sealed(0, 0, [])
    assert faults(sessions) == []
    with reading(sessions) as session:
        [sealed] = repository.every(session, AuditFilter(action="audit.seal"))
    assert (sealed.detail["events"], sealed.detail["ends"]) == (5, [1, 2])


def test_events_inserted_into_the_past_are_linked_only_with_since(sessions):
    write(sessions, 2)
    columns = "at, actor_name, action, detail"
    for day in ("2026-01-01", "2026-01-03"):
        values = f"'{day} 00:00:00+00:00', 'mallory', 'auth.login', '{{}}'"
        change(sessions, f"INSERT INTO audit_events ({columns}) VALUES ({values})")
    told = []
    assert seal(sessions, lambda _, linked: told.append(linked)) == Sealed(0, 2, [])
    assert told == [False, False]
    assert [fault.kind for fault in faults(sessions)] == ["unlinked"] * 2
    assert seal(sessions, lambda *_: None, datetime(2026, 1, 2, tzinfo=UTC)) == Sealed(1, 1, [])
    assert [fault.kind for fault in faults(sessions)] == ["unlinked"]


def test_a_migration_links_what_an_older_version_wrote_and_nothing_later(new_database):
    migrate(new_database, "0033")
    engine = make_engine(new_database)
    sessions = make_session_factory(engine, audit_key=KEY)
    columns, values = "at, actor_name, action, detail", "'2026-01-01 00:00:00+00:00', 'alice', 'auth.login', '{}'"
    change(sessions, f"INSERT INTO audit_events ({columns}) VALUES ({values})")
    migrate(new_database, audit_key=KEY)
    assert faults(sessions) == []
    change(sessions, f"INSERT INTO audit_events ({columns}) VALUES ({values})")
    migrate(new_database, audit_key=KEY)
    assert [fault.kind for fault in faults(sessions)] == ["unlinked"]
    engine.dispose()


def test_an_anchor_that_cannot_be_kept_is_not_tried_again_at_once(sessions, tmp_path, monkeypatch):
    logged = []
    log = SimpleNamespace(**dict.fromkeys(("info", "warning", "error"), lambda event, **_: logged.append(event)))
    monkeypatch.setattr("gateway.audit.anchors.log", log)  # `capture_logs` misses loggers that were used before
    anchorer = Anchorer(sessions, KEY, tmp_path / "none" / "anchors")
    anchorer.stopped.set()
    anchorer.turn()
    anchorer.turn()
    assert logged == ["audit_anchor", "audit_anchor_not_kept"]


@pytest.mark.parametrize("sessions", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_transactions_do_not_wait_for_each_other(sessions):
    held, go = threading.Barrier(5), threading.Event()

    def hold(number):
        with sessions.begin() as session:
            record(session, None, f"user {number}", "case.create")
            session.connection()
            from gateway.audit import chain

            chain._link_pending(session)  # as the commit does: the end of a chain is held from here on
            held.wait(timeout=60)
            go.wait(timeout=60)

    threads = [threading.Thread(target=hold, args=(number,)) for number in range(4)]
    write(sessions, 1)
    for thread in threads:
        thread.start()
    held.wait(timeout=60)  # all four hold an end at once
    go.set()
    for thread in threads:
        thread.join()
    assert faults(sessions) == []
    with reading(sessions) as session:
        assert len({event.chain for event in repository.every(session, AuditFilter())}) == 4


def test_every_event_is_a_line_for_a_siem(sessions):
    with sessions.begin() as session:
        record(session, None, 'a "quoted]\nname\\', "access.refuse", "case", "c", {"a": 1}, reason="not_found")
    with reading(sessions) as session:
        [event] = repository.every(session, AuditFilter())
        message, row = line_of(event, "syslog", "host"), json.loads(line_of(event, "jsonl", "host"))
    assert row["reason"] == "not_found"
    assert len(row["link"]) == 64
    head = r"<108>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z host lobule - access\.refuse "
    assert re.match(head + r'\[lobule@32473 id="\d+" actor_name="a \\"quoted\\] name\\\\" ', message)
    assert message.endswith(' target_type="case" target_id="c" reason="not_found"] {"a":1}')
    assert "\n" not in message


def test_no_name_steers_the_terminal_that_an_export_is_shown_on(sessions):
    name = "\x1b]0;a\x07\x9b2J\u202e李"
    with sessions.begin() as session:
        record(session, None, name, "auth.failed")
    with reading(sessions) as session:
        [event] = repository.every(session, AuditFilter())
        message, row = line_of(event, "syslog", "host"), line_of(event, "jsonl", "host")
    assert json.loads(row)["actor_name"] == name
    assert message.isprintable()
    assert row.isprintable()
    assert r'actor_name="\u001b' in message
    assert "李" in message


def test_the_commands(app, client, alice, case, tmp_path, monkeypatch):
    settings, run = app.state.settings, CliRunner()
    for name in ("database_url", "redis_url", "object_store_url"):
        monkeypatch.setenv(f"LOBULE_{name.upper()}", getattr(settings, name))
    for name in ("internal_token", "secret_key"):
        monkeypatch.setenv(f"LOBULE_{name.upper()}", getattr(settings, name).get_secret_value())
    from gateway import settings as settings_module

    settings_module.get_settings.cache_clear()
    try:
        assert run.invoke(audit_commands, ["anchor", str(tmp_path / "anchors")]).exit_code == 0
        sound = run.invoke(audit_commands, ["verify", "--anchors", str(tmp_path / "anchors")])
        assert (sound.exit_code, "faults: 0" in sound.output) == (0, True), sound.output
        lines = run.invoke(audit_commands, ["export"]).output.splitlines()
        actions = [json.loads(line)["action"] for line in lines]
        assert (actions[-1], "case.create" in actions) == ("audit.export", True), "oldest first, as a SIEM follows it"
        assert run.invoke(audit_commands, ["seal"]).exit_code == 0
        with app.state.sessions.begin() as session:
            columns, values = "at, actor_name, action, detail", "'2020-01-01', 'mallory', 'auth.login', '{}'"
            session.execute(text(f"INSERT INTO audit_events ({columns}) VALUES ({values})"))
        left = run.invoke(audit_commands, ["seal"])
        assert (left.exit_code, "mallory auth.login" in left.output) == (1, True), left.output
        with app.state.sessions.begin() as session:
            session.execute(text("UPDATE audit_events SET actor_name = 'bob' WHERE action = 'case.create'"))
        bent = run.invoke(audit_commands, ["verify"])
        assert (bent.exit_code, "is not as it was written" in bent.output) == (1, True)
    finally:
        settings_module.get_settings.cache_clear()


def test_an_anchor_of_an_empty_log(sessions):
    with reading(sessions) as session:
        assert anchor_now(session, KEY).ends == {}
