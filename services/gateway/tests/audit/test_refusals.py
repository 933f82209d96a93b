"""Who was refused what, and why, is in the audit log."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import event

from gateway.audit import journal, refusals
from gateway.auth import tokens
from gateway.clock import now


@pytest.fixture
def refused(app, client, root):
    def events(**wanted):
        app.state.refusals.write()
        found = client.get("/api/v1/audit", params={"action": "access.refuse", "limit": 500}, headers=root)
        return [event for event in found.json()["items"] if all(event[name] == value for name, value in wanted.items())]

    return events


def test_an_object_of_somebody_else(client, case, headers_of, refused, user_id):
    client.get(f"/api/v1/cases/{case}", headers=headers_of("bob") | {"X-Request-ID": "r1"})
    [event] = refused(actor_name="bob")
    assert (event["actor_id"], event["reason"]) == (user_id("bob"), "not_found")
    assert (event["target_type"], event["target_id"]) == ("case", case)
    assert event["address"]
    assert event["request_id"] == "r1"
    assert event["detail"] == {"method": "GET", "route": "/api/v1/cases/{case_id}", "times": 1}


def test_nobody_and_an_api_token(client, alice, case, refused):
    client.get(f"/api/v1/cases/{case}")
    [event] = refused(actor_name="anonymous")
    assert (event["reason"], event["actor_id"]) == ("not_authenticated", None)
    made = client.post("/api/v1/tokens", json={"name": "t", "scopes": ["read"]}, headers=alice).json()
    client.post("/api/v1/cases", json={"pseudonym": "P"}, headers={"Authorization": f"Bearer {made['secret']}"})
    [event] = refused(token_id=made["id"])
    assert (event["actor_name"], event["reason"]) == ("alice", "scope_missing")


def test_many_equal_refusals_are_one_event_and_what_is_granted_none(client, alice, case, refused):
    for _ in range(20):
        client.get(f"/api/v1/cases/{case}")
    client.get(f"/api/v1/cases/{case}", headers=alice)
    client.get("/nowhere")
    events = refused()
    assert sum(event["detail"]["times"] for event in events) == 20
    assert {event["actor_name"] for event in events} == {"anonymous"}


def test_nobody_fills_the_log(app, client, alice, refused):
    for number in range(60):
        client.get(f"/api/v1/images/{number}")
        client.get(f"/api/v1/images/{uuid.UUID(int=number)}", headers=alice)
    unnamed = refused(actor_name="anonymous")
    assert {event["target_id"] for event in unnamed} == {None}, "what an anonymous request names does not count"
    assert len(unnamed) <= refusals._PER_MINUTE
    assert len(refused(actor_name="alice")) == refusals._PER_MINUTE
    app.state.refusals._minute_ends = 0.0
    [further] = [event for event in refused(actor_name="alice") if "further" in event["detail"]]
    assert further["detail"] == {"further": 60 - refusals._PER_MINUTE}


def test_what_is_refused_while_the_database_is_away_counts_once(app, client, alice, refused):
    journal_of_refusals = app.state.refusals
    client.get(f"/api/v1/images/{uuid.UUID(int=1)}", headers=alice)

    def away(_session) -> None:
        raise OSError("the database is away")

    event.listen(app.state.sessions, "before_commit", away)
    for _ in range(25):
        with pytest.raises(OSError, match="away"):
            journal_of_refusals.write()
    event.remove(app.state.sessions, "before_commit", away)
    [written] = refused(actor_name="alice")
    assert written["detail"]["times"] == 1
    assert written["detail"]["route"] == "/api/v1/images/{image_id}"


def test_what_cannot_be_written_waits(app, client, refused, monkeypatch):
    client.get("/api/v1/images/1")
    with monkeypatch.context() as patch:
        patch.setattr(journal.chain, "add", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            app.state.refusals.write()
    assert len(refused(actor_name="anonymous")) == 1


def test_what_is_no_identifier_is_not_kept(client, alice, refused):
    client.get("/api/v1/images/Smith^Jane", headers=alice)
    [event] = refused(actor_name="alice")
    assert (event["target_type"], event["target_id"]) == ("image", None)


def test_a_failed_login_is_one_event(app, client, root, refused):
    client.post("/api/v1/auth/token", json={"username": "alice", "password": "wrong"})
    assert refused() == []
    found = client.get("/api/v1/audit", params={"action": "auth.failed"}, headers=root).json()["items"]
    assert [event["actor_name"] for event in found] == ["alice"]


def test_an_access_token_that_has_run_out_is_no_refusal(client, bearer_of, refused, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(tokens, "now", lambda: now() - timedelta(hours=1))
        headers = bearer_of("alice")
    answer = client.get("/api/v1/cases", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")
    assert refused() == []
