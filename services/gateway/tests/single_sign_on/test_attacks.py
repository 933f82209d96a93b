"""Answers that are not those of this login, and providers that are slow or away."""

import threading
import time
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import structlog
from fastapi.testclient import TestClient
from oidc_login import enter, problem, to_provider
from oidc_provider import CLIENT, SECRET
from sqlalchemy import select

from gateway.audit.models import AuditEvent
from gateway.errors import ProblemError
from gateway.sso.provider import Provider, _Kept

ROLES = "it=admin, radiology=clinician, students=reader"


class TestAttacks:
    def test_an_answer_of_another_login_is_refused(self, client):
        other = to_provider(client)
        to_provider(client)
        assert problem(client.get(other, follow_redirects=False).headers["location"]) == "sso_refused"

    def test_an_answer_in_another_browser_is_refused(self, app, client):
        there = to_provider(client)
        with TestClient(app, cookies={}) as other:
            answer = other.get(there, follow_redirects=False)
        assert problem(answer.headers["location"]) == "sso_refused"

    def test_a_code_is_used_once_and_not_without_its_verifier(self, client, provider):
        there = to_provider(client)
        code = parse_qs(urlsplit(there).query)["code"][0]
        stolen = {"grant_type": "authorization_code", "code": code, "code_verifier": "x" * 43}
        stolen["redirect_uri"] = "http://testserver/login/oidc/callback"
        assert httpx.post(f"{provider.issuer}/token", data=stolen, auth=(CLIENT, SECRET)).status_code == 400
        assert client.get(there, follow_redirects=False).headers["location"] == "/"
        assert problem(client.get(there, follow_redirects=False).headers["location"]) == "sso_refused"

    @pytest.mark.parametrize(
        "spoilt",
        [{"nonce": "other"}, {"iss": "http://evil.example"}, {"aud": ["other"]}, {"exp": 1}, {"sub": "another"}],
        ids=lambda spoilt: next(iter(spoilt)),
    )
    def test_a_token_that_is_not_of_this_login_is_refused(self, client, provider, spoilt):
        provider.spoil = spoilt
        assert problem(enter(client)) == "sso_refused"
        assert client.get("/api/v1/users/me").status_code == 401

    def test_a_new_key_is_fetched_and_a_foreign_one_refused(self, client, provider, monkeypatch):
        monkeypatch.setattr("gateway.sso.provider._KEYS_AT_MOST_EVERY_S", -1)
        enter(client)
        provider.rotate()
        assert enter(client) == "/"
        there, published = to_provider(client), provider.key
        provider.rotate()
        foreign, provider.key = provider.key, published
        claims = {"iss": provider.issuer, "aud": CLIENT, "exp": int(time.time()) + 60, "iat": int(time.time())}
        monkeypatch.setattr(
            "gateway.sso.provider.Provider._exchange",
            lambda *_: {"id_token": _signed(foreign, published.kid, claims | {"sub": "4711"}), "access_token": "x"},
        )
        assert problem(client.get(there, follow_redirects=False).headers["location"]) == "sso_refused"

    def test_answers_without_a_login_do_not_fill_the_audit_log(self, app, client):
        for _ in range(30):  # a few of each second are one event, and there are at most twenty events a minute
            assert problem(client.get("/login/oidc/callback?state=a", follow_redirects=False).headers["location"])
        app.state.refusals.write()
        with app.state.sessions() as session:
            events = session.scalars(select(AuditEvent)).all()
        assert {event.action for event in events if event.actor_name == "anonymous"} == {"access.refuse"}
        noted = [event for event in events if event.reason == "sso_refused"]
        assert sum(event.detail["times"] for event in noted) == 30
        assert "auth.failed" not in {event.action for event in events}

    def test_a_provider_that_is_away_leaves_local_accounts(self, make_app):
        app = make_app(oidc_issuer="http://127.0.0.1:9", oidc_roles=ROLES)
        with TestClient(app) as client:
            location = client.get("/login/oidc", follow_redirects=False).headers["location"]
            assert problem(location) == "sso_unavailable"
            assert "local accounts still work" in client.get(location).text


def _signed(key, kid: str, claims: dict) -> str:
    from joserfc import jwt

    return jwt.encode({"alg": "RS256", "kid": kid}, claims, key)


class TestSlowProvider:
    def test_others_do_not_wait_for_the_thread_that_asks_it(self, monkeypatch):
        monkeypatch.setattr("gateway.sso.provider._WAIT_S", 0.01)
        kept, begun, go_on, asked = _Kept(), threading.Event(), threading.Event(), []

        def slow():
            asked.append(1)
            begun.set()
            go_on.wait(30)
            raise ProblemError(503, "sso_unavailable")

        def ask():
            with pytest.raises(ProblemError):
                kept.value(60, slow)

        first = threading.Thread(target=ask)
        first.start()
        assert begun.wait(30)
        ask()
        assert first.is_alive(), "the other is answered while the first still waits"
        go_on.set()
        first.join(30)
        ask()
        assert asked == [1], "a failure is remembered"
        monkeypatch.setattr("gateway.sso.provider._AWAY_S", -1)
        assert kept.value(60, lambda: {"issuer": "x"}) == {"issuer": "x"}

    def test_no_more_codes_are_exchanged_at_once_than_allowed(self, app, client, monkeypatch):
        monkeypatch.setattr("gateway.sso.provider._WAIT_S", 0.01)
        there = to_provider(client)
        monkeypatch.setattr(app.state.sso, "_exchanges", threading.BoundedSemaphore(1))
        with app.state.sso._exchanges:
            location = client.get(there, follow_redirects=False).headers["location"]
        assert problem(location) == "sso_unavailable"

    def test_a_configuration_that_lacks_an_address_is_no_crash(self, app, client, monkeypatch):
        monkeypatch.setattr(Provider, "_fetch", lambda self, _: {"issuer": self._settings.oidc_issuer})
        for path in ("/login/oidc", "/login/oidc/end"):
            assert problem(client.get(path, follow_redirects=False).headers["location"]) == "sso_unavailable"

    @pytest.mark.parametrize("name", ["authorization", "token", "jwks", "userinfo", "end_session"])
    @pytest.mark.parametrize("wrong", ["not a url", "https://[::1", "ftp://host/x", "https://", "//host/x", 5, ""])
    def test_a_configuration_with_an_address_that_is_none_is_no_crash(
        self, app, client, provider, monkeypatch, name, wrong
    ):
        there = to_provider(client)
        configuration = app.state.sso.configuration()
        name = "jwks_uri" if name == "jwks" else f"{name}_endpoint"
        monkeypatch.setattr(Provider, "_fetch", lambda *_: configuration | {name: wrong})
        app.state.sso = Provider(app.state.settings)
        with structlog.testing.capture_logs() as logged:
            for path in ("/login/oidc", there, "/login/oidc/end"):
                assert problem(client.get(path, follow_redirects=False).headers["location"]) == "sso_unavailable"
        assert name in logged[0]["error"]
        assert name in (Provider(app.state.settings).problem() or "")

    def test_an_address_that_is_none_is_told_and_no_crash(self, app):
        wrong = app.state.settings.model_copy(update={"oidc_issuer": "https://[::1"})
        assert "Invalid" in (Provider(wrong).problem() or "")
