"""Sessions: listed, ended one by one or all, over when idle, and with the refresh token that was used twice."""

from datetime import timedelta

import pytest

from gateway.auth.models import AuthSession
from gateway.clock import now
from gateway.users.models import User

PASSWORD = "correct horse battery staple"


def works(client, headers) -> bool:
    return client.get("/api/v1/users/me", headers=headers).status_code == 200


@pytest.fixture
def set_back(app):
    """Says that the last act in every session was so many minutes ago."""

    def back(minutes: float) -> None:
        with app.state.sessions.begin() as session:
            for login in session.query(AuthSession):
                login.active_at = now() - timedelta(minutes=minutes)

    return back


@pytest.mark.parametrize(("minutes", "lives"), [(-1, True), (59, True), (61, False), (-61, False)])
def test_a_session_ends_when_idle_and_after_a_clock_that_was_ahead(client, alice, set_back, minutes, lives):
    set_back(minutes)
    assert works(client, alice) is lives


class TestList:
    def test_has_a_length(self, client, alice, bearer_of, monkeypatch):
        for _ in range(3):
            bearer_of("alice")
        assert len(client.get("/api/v1/sessions", headers=alice).json()) == 4
        monkeypatch.setattr("gateway.auth.repository._MOST_SESSIONS", 2)
        assert len(client.get("/api/v1/sessions", headers=alice).json()) == 2

    def test_names_browsers_and_programs_and_which_is_this_one(self, client, alice, bearer_of, headers_of):
        program = bearer_of("alice")
        headers_of("bob")
        listed = client.get("/api/v1/sessions", headers=alice).json()
        assert {(each["kind"], each["current"]) for each in listed} == {("portal", True), ("api", False)}
        assert [each["client"] for each in listed if each["kind"] == "api"] == ["testclient"]
        assert {each["kind"]: each["current"] for each in client.get("/api/v1/sessions", headers=program).json()} == {
            "portal": False,
            "api": True,
        }

    def test_one_of_them_is_ended(self, client, alice, bearer_of, headers_of):
        program = bearer_of("alice")
        [there] = [each for each in client.get("/api/v1/sessions", headers=alice).json() if not each["current"]]
        here = f"/api/v1/sessions/{there['id']}"
        assert client.delete(here, headers=headers_of("bob")).status_code == 404
        assert client.delete(here, headers=alice).status_code == 204
        assert (works(client, program), works(client, alice)) == (False, True)
        assert client.delete(here, headers=alice).status_code == 404

    def test_all_others_are_ended(self, client, alice, bearer_of, headers_of):
        others = [bearer_of("alice"), headers_of("alice")]
        assert client.delete("/api/v1/sessions", headers=alice).status_code == 204
        assert [works(client, each) for each in others] == [False, False]
        assert works(client, alice)

    def test_an_api_token_ends_none(self, client, alice):
        body = {"name": "x", "scopes": ["read", "write"]}
        secret = client.post("/api/v1/tokens", json=body, headers=alice).json()["secret"]
        refused = client.delete("/api/v1/sessions", headers={"Authorization": f"Bearer {secret}"})
        assert (refused.status_code, refused.json()["code"]) == (403, "login_required")

    def test_they_are_on_the_account_page(self, client, alice, bearer_of):
        bearer_of("alice")
        page = client.get("/account", headers=alice).text
        assert "this one" in page
        assert page.count('data-call="DELETE" data-url="/api/v1/sessions/') == 1


def test_logging_out_voids_the_tokens_at_once(client):
    grant = {"username": "alice", "password": PASSWORD}
    pair = client.post("/api/v1/auth/token", json=grant).json()
    bearer = {"Authorization": f"Bearer {pair['access_token']}"}
    assert client.post("/api/v1/auth/logout", headers=bearer).status_code == 204
    assert not works(client, bearer)
    again = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
    assert client.post("/api/v1/auth/token", json=again).json()["code"] == "refresh_token_invalid"


def test_any_used_refresh_token_ends_its_family_and_no_other(client, bearer_of, root):
    other = bearer_of("alice")
    pair = client.post("/api/v1/auth/token", json={"username": "alice", "password": PASSWORD}).json()
    first = pair["refresh_token"]
    for _ in range(3):
        again = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
        pair = client.post("/api/v1/auth/token", json=again).json()
    bearer = {"Authorization": f"Bearer {pair['access_token']}"}
    assert works(client, bearer)
    stolen = client.post("/api/v1/auth/token", json={"grant_type": "refresh_token", "refresh_token": first})
    assert stolen.status_code == 401
    assert (works(client, bearer), works(client, other)) == (False, True)
    assert len(client.get("/api/v1/audit", params={"action": "auth.reuse"}, headers=root).json()["items"]) == 1


def test_who_knows_the_name_of_a_session_alone_ends_nothing(client, bearer_of):
    bearer = bearer_of("alice")
    [session] = client.get("/api/v1/sessions", headers=bearer).json()
    for guess in (session["id"], f"{session['id']}.x", f"{session['id']}.x.{'0' * 64}"):
        grant = {"grant_type": "refresh_token", "refresh_token": guess}
        assert client.post("/api/v1/auth/token", json=grant).json()["code"] == "refresh_token_invalid"
    assert works(client, bearer)


def test_who_has_to_change_the_password_can_still_log_out(app, client, bearer_of):
    bearer = bearer_of("alice")
    with app.state.sessions.begin() as session:
        session.query(User).filter_by(username="alice").one().must_change_password = True
    assert client.get("/api/v1/cases", headers=bearer).json()["code"] == "password_change_required"
    assert client.get("/api/v1/sessions", headers=bearer).status_code == 200
    assert client.post("/api/v1/auth/logout", headers=bearer).status_code == 204
    assert not works(client, bearer)


class TestIdle:
    def test_a_session_that_is_over_is_not_listed(self, client, alice, set_back, bearer_of):
        bearer = bearer_of("alice")
        set_back(minutes=61)
        assert [each["kind"] for each in client.get("/api/v1/sessions", headers=bearer).json()] == ["api"]

    def test_a_session_ends_after_an_hour_without_an_act(self, client, alice, set_back):
        set_back(minutes=59)
        assert works(client, alice)
        set_back(minutes=61)
        assert not works(client, alice)

    def test_what_a_page_asks_by_itself_is_no_act_and_pages_and_changes_are(self, client, alice, set_back, app):
        def idle() -> float:
            with app.state.sessions() as session:
                return (now() - session.query(AuthSession).one().active_at).total_seconds()

        set_back(minutes=30)
        assert works(client, alice)
        assert idle() > 1000
        assert client.get("/help", headers=alice).status_code == 200
        assert idle() < 100
        set_back(minutes=30)
        assert client.post("/api/v1/cases", json={"pseudonym": "P"}, headers=alice).status_code == 201
        assert idle() < 100
        set_back(minutes=30)
        assert client.post("/api/v1/sessions/current/activity", headers=alice).status_code == 204
        assert idle() < 100


def test_a_new_login_ends_the_session_that_the_browser_had(client):
    form = {"username": "alice", "password": PASSWORD}
    client.post("/login", data=form)
    before = {"Cookie": "=".join(*client.cookies.items())}
    assert works(client, before)
    client.post("/login", data=form)
    assert works(client, {})
    assert not works(client, before)
