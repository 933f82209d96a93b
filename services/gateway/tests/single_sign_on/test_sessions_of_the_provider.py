"""Logout at the provider, and fresh authentication for signing."""

import time

import httpx
import pytest
from fastapi.testclient import TestClient
from oidc_login import enter, problem

from gateway.auth.models import AuthSession
from gateway.auth.sessions import is_fresh
from gateway.sso.provider import Provider

ROLES = "it=admin, radiology=clinician, students=reader"


class TestLogout:
    def send_logout(self, client, token: str) -> httpx.Response:
        return client.post("/login/oidc/logout", data={"logout_token": token})

    def test_the_provider_ends_the_session_that_it_began(self, client, provider, alice):
        enter(client)
        assert self.send_logout(client, provider.logout_token(sid="session-2")).status_code == 200
        assert client.get("/api/v1/users/me").status_code == 200, "another session"
        answer = self.send_logout(client, provider.logout_token())
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        assert client.get("/api/v1/users/me").status_code == 401
        assert client.get("/api/v1/users/me", headers=alice).status_code == 200

    def test_all_sessions_of_a_person_where_it_names_none(self, client, provider):
        enter(client)
        assert self.send_logout(client, provider.logout_token(sid=None, sub="4711")).status_code == 200
        assert client.get("/api/v1/users/me").status_code == 401

    @pytest.mark.parametrize(
        "changes",
        [
            {"events": {}},
            {"nonce": "x"},
            {"aud": "other"},
            {"iss": "http://evil.example"},
            {"iat": 1},
            {"sid": None},
            {"jti": None},
        ],
        ids=lambda changes: next(iter(changes)),
    )
    def test_what_is_no_logout_token_ends_nothing(self, client, provider, changes):
        enter(client)
        assert self.send_logout(client, provider.logout_token(**changes)).status_code == 400
        assert self.send_logout(client, "nonsense").status_code == 400
        assert client.get("/api/v1/users/me").status_code == 200

    def test_who_logs_out_here_may_do_so_there_too(self, client, provider):
        enter(client)
        csrf = client.get("/help").text.split('name="csrf-token" content="')[1].split('"')[0]
        page = client.post("/logout", data={"csrf": csrf})
        assert 'href="/login/oidc/end"' in page.text
        there = client.get("/login/oidc/end", follow_redirects=False).headers["location"]
        assert there.startswith(f"{provider.issuer}/logout?")


class TestSigning:
    def test_a_login_at_the_provider_of_an_hour_ago_is_not_fresh(self, app, client, provider):
        provider.logged_in_at -= 3600
        enter(client)
        with app.state.sessions() as session:
            login = session.query(AuthSession).filter_by(provider_session="session-1").one()
            assert time.time() - login.authenticated_at.timestamp() > 3500
        assert enter(client, "/login/oidc?confirm=1") == "/login/confirmed?dialog=1"
        assert provider.asked[-1]["prompt"] == "login"
        with app.state.sessions() as session:
            login = session.query(AuthSession).filter_by(provider_session="session-1").one()
            assert time.time() - login.authenticated_at.timestamp() < 100

    def test_a_provider_that_does_not_say_when_confirms_nothing(self, app, client, provider, monkeypatch):
        claims = Provider.claims

        def without(*args):
            return {name: value for name, value in claims(*args).items() if name != "auth_time"}

        monkeypatch.setattr(Provider, "claims", without)
        assert enter(client) == "/"
        with app.state.sessions() as session:
            login = session.query(AuthSession).filter_by(provider_session="session-1").one()
            assert not is_fresh(login, app.state.settings), "a silent login is no proof"
        assert problem(enter(client, "/login/oidc?confirm=1")) == "authentication_too_old"

    def test_another_person_confirms_nothing(self, client, provider):
        enter(client)
        provider.person = provider.person | {"sub": "4712"}
        assert problem(enter(client, "/login/oidc?confirm=1")) == "sso_other_person"

    def test_the_page_offers_the_provider_and_no_password(self, client):
        enter(client)
        page = client.get("/account").text
        assert 'href="/login/oidc?confirm=1"' in page
        assert 'name="password"' not in page.split('id="confirm"')[1]


def test_without_a_provider_there_is_none(make_app):
    with TestClient(make_app()) as client:
        assert problem(client.get("/login/oidc", follow_redirects=False).headers["location"]) == "not_found"
        assert client.post("/login/oidc/logout", data={"logout_token": "x"}).status_code == 404
        assert "/login/oidc" not in client.get("/login").text
