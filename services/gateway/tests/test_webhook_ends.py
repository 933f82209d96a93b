"""A webhook ends with the API token that made or moved it, and with all access of its user."""

from datetime import timedelta

import pytest
from typer.testing import CliRunner

from gateway.accounts import commands
from gateway.auth.models import ApiToken, AuthSession
from gateway.clock import now
from gateway.webhooks.models import Webhook

OTHER = "another long sentence of words"


@pytest.fixture
def app(make_app):
    return make_app(webhook_networks="203.0.113.0/24", webhook_every_s=3600)


@pytest.fixture
def token(client, alice) -> dict[str, str]:
    made = client.post("/api/v1/tokens", json={"name": "t", "scopes": ["read", "write"]}, headers=alice)
    return {"Authorization": f"Bearer {made.json()['secret']}"}


@pytest.fixture
def register(client):
    def send(headers, number: int = 1) -> str:
        made = client.post("/api/v1/webhooks", json={"url": f"http://203.0.113.{number}/"}, headers=headers)
        assert made.status_code == 201, made.text
        return made.json()["id"]

    return send


@pytest.fixture
def left(app):
    """The webhooks that are left after a turn of the loop that sends messages."""

    def look() -> set[str]:
        app.state.deliverer.send_due()
        with app.state.sessions() as session:
            return {webhook.id for webhook in session.query(Webhook)}

    return look


def end_of_token(app, **values) -> None:
    with app.state.sessions.begin() as session:
        for name, value in values.items():
            setattr(session.query(ApiToken).filter_by(name="t").one(), name, value)


@pytest.mark.parametrize("end", ["revoked_at", "expires_at"])
def test_one_of_a_token_ends_with_it_and_a_person_s_stays(app, alice, token, register, left, end):
    of_person, of_token = register(alice, 1), register(token, 2)
    assert left() == {of_person, of_token}
    end_of_token(app, **{end: now()})
    assert left() == {of_person}


def test_one_that_a_token_moved_ends_with_it(app, client, alice, token, register, left):
    moved, told = register(alice, 1), register(alice, 2)
    assert (
        client.patch(f"/api/v1/webhooks/{moved}", json={"url": "http://203.0.113.3/"}, headers=token).status_code == 200
    )
    assert (
        client.patch(f"/api/v1/webhooks/{told}", json={"events": ["report.signed"]}, headers=token).status_code == 200
    )
    end_of_token(app, revoked_at=now())
    assert left() == {told}


def test_no_message_that_was_taken_is_sent_after_the_end(app, client, alice, token, register, monkeypatch):
    hook, sent = register(token), []

    async def send(delivery):
        sent.append(delivery.id)
        end_of_token(app, revoked_at=now())
        return 200, None

    monkeypatch.setattr(app.state.deliverer, "_send", send)
    with app.state.sessions.begin() as session:
        from gateway.webhooks.messages import write_test

        for _ in range(2):
            write_test(session, session.get_one(Webhook, hook))
    assert app.state.deliverer.send_due() == 1
    assert len(sent) == 1


def test_all_end_where_an_administrator_resets_the_password(client, alice, root, headers_of, user_id, register, left):
    register(alice)
    reset = client.post(f"/api/v1/users/{user_id('alice')}/password", json={"password": OTHER}, headers=root)
    assert (reset.status_code, left()) == (204, set())
    kept = client.post(
        "/api/v1/users/me/password", json={"current": OTHER, "new": f"{OTHER} 2"}, headers=headers_of("alice")
    )
    assert kept.status_code == 204
    again = register(headers_of("alice"))
    assert left() == {again}, "what is made later stays"


def test_all_end_where_the_new_role_sees_no_cases(client, alice, root, user_id, register, left):
    register(alice)
    change = {"role": "reader"}
    assert client.patch(f"/api/v1/users/{user_id('alice')}", json=change, headers=root).status_code == 200
    assert len(left()) == 1
    change = {"role": "auditor"}
    assert client.patch(f"/api/v1/users/{user_id('alice')}", json=change, headers=root).status_code == 200
    assert left() == set()


def test_all_end_where_the_server_s_command_does(app, alice, register, left, monkeypatch):
    register(alice)
    monkeypatch.setattr(commands, "sessions_at", lambda _home: app.state.sessions)
    done = CliRunner().invoke(commands.app, ["password", "alice", "--password-stdin"], input=f"{OTHER}\n")
    assert (done.exit_code, left()) == (0, set())


def test_one_s_own_change_of_the_password_ends_none(client, alice, register, left):
    hook = register(alice)
    change = {"current": "correct horse battery staple", "new": OTHER}
    assert client.post("/api/v1/users/me/password", json=change, headers=alice).status_code == 204
    assert left() == {hook}


def test_at_the_portal_a_person_proves_first_who_they_are(app, client, alice, register):
    hook = register(alice)
    with app.state.sessions.begin() as session:
        for login in session.query(AuthSession):
            login.authenticated_at = now() - timedelta(minutes=10)
    for answer in (
        client.post("/api/v1/webhooks", json={"url": "http://203.0.113.9/"}, headers=alice),
        client.patch(f"/api/v1/webhooks/{hook}", json={"url": "http://203.0.113.9/"}, headers=alice),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "authentication_too_old")
