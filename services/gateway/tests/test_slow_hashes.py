"""A password is hashed while no transaction is open: SQLite has one lock for all writers, PostgreSQL 30 connections."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from gateway.accounts import commands
from gateway.users import passwords

PASSWORD = "correct horse battery staple"
OTHER = "another long password"


class Watched:
    """The hasher of passwords; notes how many connections to the database are in use whenever it works."""

    def __init__(self, hasher, in_use: Callable[[], int]) -> None:
        self._hasher, self._in_use = hasher, in_use
        self.seen: list[int] = []

    def hash(self, password: bytes) -> str:
        self.seen.append(self._in_use())
        return self._hasher.hash(password)

    def verify(self, password: bytes, stored: str) -> bool:
        self.seen.append(self._in_use())
        return self._hasher.verify(password, stored)


@pytest.fixture
def client(app) -> TestClient:
    """A client of a gateway without its loops, which use connections, too."""
    return TestClient(app)


@pytest.fixture
def watched(app, monkeypatch) -> Watched:
    passwords._nobody()
    hasher = Watched(passwords._hasher(), app.state.sessions.kw["bind"].pool.checkedout)
    monkeypatch.setattr(passwords, "_hasher", lambda: hasher)
    return hasher


@pytest.fixture
def user_id(client, headers_of) -> str:
    return client.get("/api/v1/users/me", headers=headers_of("bob")).json()["id"]


def change_own(client, headers_of, _user_id):
    body = {"current": PASSWORD, "new": OTHER}
    return client.post("/api/v1/users/me/password", json=body, headers=headers_of("alice"))


def reset(client, headers_of, user_id):
    return client.post(f"/api/v1/users/{user_id}/password", json={"password": OTHER}, headers=headers_of("root"))


def create(client, headers_of, _user_id):
    body = {"username": "carol", "password": OTHER}
    return client.post("/api/v1/users", json=body, headers=headers_of("root"))


def confirm(client, headers_of, _user_id):
    path = "/api/v1/sessions/current/authentication"
    return client.post(path, json={"password": PASSWORD}, headers=headers_of("alice"))


def token(client, _headers_of, _user_id):
    return client.post("/api/v1/auth/token", json={"username": "alice", "password": PASSWORD})


def form(client, _headers_of, _user_id):
    return client.post("/login", data={"username": "alice", "password": PASSWORD}, follow_redirects=False)


def diagnose(client, _headers_of, _user_id):
    data = {"username": "alice", "password": PASSWORD, "modality": "none"}
    return client.post("/api/v1/diagnose", data=data, files={"file": ("a.png", b"x")})


@pytest.mark.parametrize(
    ("act", "status", "hashes"),
    [
        (change_own, 204, 2),
        (reset, 204, 1),
        (create, 201, 1),
        (confirm, 204, 1),
        (token, 200, 1),
        (form, 303, 1),
        (diagnose, 422, 1),
    ],
)
def test_no_connection_is_in_use_while_a_request_hashes(client, headers_of, user_id, watched, act, status, hashes):
    assert act(client, headers_of, user_id).status_code == status
    assert watched.seen == [0] * hashes


def test_nobody_without_the_right_makes_the_server_hash(client, headers_of, user_id, watched):
    alice, root = headers_of("alice"), headers_of("root")
    secret = client.post("/api/v1/tokens", json={"name": "t", "scopes": ["read", "write", "admin"]}, headers=root)
    token = {"Authorization": f"Bearer {secret.json()['secret']}"}
    new, given = {"username": "carol", "password": OTHER}, {"password": OTHER}
    change = {"current": PASSWORD, "new": OTHER}
    for headers, status in (({}, 401), (alice, 403), (token, 403)):
        assert client.post("/api/v1/users", json=new, headers=headers).status_code == status
        assert client.post(f"/api/v1/users/{user_id}/password", json=given, headers=headers).status_code == status
    for headers, status in (({}, 401), (token, 403)):
        assert client.post("/api/v1/users/me/password", json=change, headers=headers).status_code == status
    assert watched.seen == []


def test_the_answer_under_a_key_is_given_again_although_the_current_password_is_another(client, headers_of, watched):
    headers = headers_of("alice") | {"Idempotency-Key": "first"}
    change = {"current": PASSWORD, "new": OTHER}
    first, again = (client.post("/api/v1/users/me/password", json=change, headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code) == (204, 204)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(watched.seen) == 2, "the second time nothing is hashed"
    reused = client.post("/api/v1/users/me/password", json=change | {"new": "a third long password"}, headers=headers)
    assert (reused.status_code, reused.json()["code"]) == (422, "key_reused")


def test_a_refused_change_may_be_sent_again_under_its_key(client, headers_of):
    headers = headers_of("alice") | {"Idempotency-Key": "first"}
    change = {"current": "not the password", "new": OTHER}
    wrong = client.post("/api/v1/users/me/password", json=change, headers=headers)
    assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_password")
    right = client.post("/api/v1/users/me/password", json=change | {"current": PASSWORD}, headers=headers)
    assert (right.status_code, "Idempotency-Replayed" in right.headers) == (204, False)


def test_of_two_changes_at_once_the_second_is_refused(app, client, headers_of, monkeypatch):
    headers, hashed = headers_of("alice"), passwords.hash_password("what an administrator sets")
    real = passwords._hasher().verify

    class Meanwhile:
        """Another change of the password is committed after the current one was checked."""

        def verify(self, password: bytes, stored: str) -> bool:
            right = real(password, stored)
            with app.state.sessions.begin() as session:
                session.query(commands.User).filter_by(username="alice").one().password_hash = hashed
            return right

        hash = staticmethod(passwords._hasher().hash)

    monkeypatch.setattr(passwords, "_hasher", lambda: Meanwhile())
    lost = client.post("/api/v1/users/me/password", json={"current": PASSWORD, "new": OTHER}, headers=headers)
    assert (lost.status_code, lost.json()["code"]) == (403, "wrong_password")
    with app.state.sessions() as session:
        assert session.query(commands.User).filter_by(username="alice").one().password_hash == hashed


@pytest.mark.parametrize(
    "command",
    [
        ["add", "dora"],
        ["add", "alice", "--replace"],
        ["password", "alice"],
    ],
)
def test_commands_hash_before_their_transaction(app, watched, monkeypatch, command):
    monkeypatch.setattr(commands, "sessions_at", lambda _home: app.state.sessions)
    done = CliRunner().invoke(commands.app, [*command, "--password-stdin"], input=f"{OTHER}\n")
    assert done.exit_code == 0, done.output
    assert set(watched.seen) == {0}


def test_no_password_matches_an_account_of_single_sign_on():
    for guess in ("", "!", "no one has this password"):
        assert not passwords.verify_password(guess, passwords.NO_PASSWORD)
