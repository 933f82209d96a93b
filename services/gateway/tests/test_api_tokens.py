"""API tokens: scopes, expiry, revocation."""

import secrets
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from gateway.auth.models import ApiToken, AuthSession
from gateway.clock import now

PASSWORD = "correct horse battery staple"


OTHER = "another long sentence of words"


class TestApiTokens:
    @pytest.fixture
    def make(self, client, alice):
        def send(headers=None, **fields):
            answer = client.post("/api/v1/tokens", json={"name": "bridge"} | fields, headers=headers or alice)
            return answer.json(), {"Authorization": f"Bearer {answer.json().get('secret')}"}

        return send

    def test_the_secret_is_shown_once_and_kept_as_hash(self, client, alice, make):
        made, bearer = make()
        assert made["secret"].startswith(made["hint"])
        [listed] = client.get("/api/v1/tokens", headers=alice).json()
        assert "secret" not in listed
        with client.app.state.sessions() as session:
            stored = session.query(ApiToken).one()
            assert made["secret"] not in str(vars(stored))
        assert client.get("/api/v1/users/me", headers=bearer).json()["username"] == "alice"
        assert client.get("/api/v1/tokens", headers=alice).json()[0]["last_used_at"]

    def test_a_busy_database_keeps_nobody_from_reading(self, client, make, monkeypatch):
        def busy(*_given):
            raise OperationalError("UPDATE api_tokens", {}, Exception("database is locked"))

        _, bearer = make()
        monkeypatch.setattr("gateway.auth.repository.api_token_used", busy)
        assert client.get("/api/v1/users/me", headers=bearer).status_code == 200

    def test_scopes(self, client, make, root):
        _, reader = make()
        answer = client.post("/api/v1/cases", json={"pseudonym": "P"}, headers=reader)
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
        _, writer = make(scopes=["read", "write"])
        assert client.post("/api/v1/cases", json={"pseudonym": "P"}, headers=writer).status_code == 201
        assert make(scopes=["admin"])[0]["code"] == "forbidden"
        _, of_root = make(root, scopes=["read", "write"])
        assert client.get("/api/v1/users", headers=of_root).json()["code"] == "scope_missing"
        _, admin = make(root, scopes=["read", "admin"])
        assert client.get("/api/v1/users", headers=admin).status_code == 200

    def test_a_user_keeps_so_many(self, client, alice, make, monkeypatch):
        monkeypatch.setattr("gateway.auth.api_tokens.MOST_TOKENS", 2)
        (first, _), _ = make(), make()
        assert make()[0]["code"] == "too_many_tokens"
        assert client.delete(f"/api/v1/tokens/{first['id']}", headers=alice).status_code == 204
        assert "secret" in make()[0]

    def test_what_is_of_everybody_needs_the_scope_of_administrators(self, client, make, root):
        _, reader = make(root)
        _, admin = make(root, scopes=["read", "admin"])
        for path in ("/api/v1/tokens?everyone=true", "/api/v1/emergency-access"):
            assert client.get(path, headers=reader).json()["code"] == "scope_missing", path
            assert client.get(path, headers=admin).status_code == 200, path
        assert client.get("/api/v1/tokens", headers=reader).status_code == 200

    def test_a_passer_by_at_the_portal_makes_none(self, app, client, make, bearer_of):
        program = bearer_of("alice")
        with app.state.sessions.begin() as session:
            for login in session.query(AuthSession):
                login.authenticated_at = now() - timedelta(minutes=10)
        assert make()[0]["code"] == "authentication_too_old"
        assert make(program)[0]["secret"], "a program has no person to ask"

    def test_that_of_an_administrator_opens_no_account_and_purges_nobody(self, client, make, root, user_id, bearer_of):
        _, admin = make(root, scopes=["read", "write", "admin"])
        alice = user_id("alice")
        deeds = (
            ("POST", "/api/v1/users", {"username": "mallory", "password": OTHER, "role": "admin"}),
            ("PATCH", f"/api/v1/users/{alice}", {"role": "admin"}),
            ("POST", f"/api/v1/users/{alice}/password", {"password": OTHER}),
            ("DELETE", f"/api/v1/users/{alice}/second-factor", None),
            ("POST", "/api/v1/patients/purge", {"patient_id": "P-1", "reason": "asked for", "dry_run": True}),
        )
        for method, path, body in deeds:
            answer = client.request(method, path, json=body, headers=admin)
            assert (answer.status_code, answer.json()["code"]) == (403, "login_required"), path
        with client.app.state.sessions.begin() as session:
            for login in session.query(AuthSession):
                login.authenticated_at = now() - timedelta(minutes=10)
        for method, path, body in deeds:
            answer = client.request(method, path, json=body, headers=root)
            assert (answer.status_code, answer.json()["code"]) == (403, "authentication_too_old"), path
        program = bearer_of("root")
        for method, path, body in deeds:
            assert client.request(method, path, json=body, headers=program).status_code < 300, path

    def test_an_upload_with_a_token(self, make, upload):
        _, writer = make(scopes=["write"])
        assert upload(headers=writer).status_code == 202

    def test_cannot_make_itself_stronger(self, client, make):
        made, writer = make(scopes=["read", "write"])
        for method, path, body in (
            ("POST", "/api/v1/tokens", {"name": "y", "scopes": ["write"]}),
            ("DELETE", f"/api/v1/tokens/{made['id']}", None),
            ("POST", "/api/v1/users/me/password", {"current": PASSWORD, "new": OTHER}),
        ):
            assert client.request(method, path, json=body, headers=writer).json()["code"] == "login_required", path

    def test_revoked_by_its_user_or_an_administrator(self, client, alice, root, make, headers_of):
        for who in (alice, root):
            made, bearer = make()
            assert client.delete(f"/api/v1/tokens/{made['id']}", headers=headers_of("bob")).status_code == 404
            assert client.delete(f"/api/v1/tokens/{made['id']}", headers=who).status_code == 204
            assert client.get("/api/v1/users/me", headers=bearer).json()["code"] == "token_invalid"

    def test_ends(self, client, make):
        from datetime import timedelta

        from gateway.clock import now

        made, bearer = make(expires_in_days=1)
        with client.app.state.sessions.begin() as session:
            session.get_one(ApiToken, made["id"]).expires_at = now() - timedelta(seconds=1)
        assert client.get("/api/v1/users/me", headers=bearer).status_code == 401
        assert make(expires_in_days=None)[0]["expires_at"] is None

    def test_ends_with_its_user(self, client, root, make, user_id):
        _, bearer = make()
        client.patch(f"/api/v1/users/{user_id('alice')}", json={"active": False}, headers=root)
        assert client.get("/api/v1/users/me", headers=bearer).status_code == 401

    def test_a_made_up_one(self, client):
        bearer = {"Authorization": f"Bearer lobule_{secrets.token_urlsafe(32)}"}
        assert client.get("/api/v1/users/me", headers=bearer).status_code == 401
