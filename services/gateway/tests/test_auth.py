"""Logging in, by API and by form."""

import threading
import time

import jwt
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from gateway.auth import repository
from gateway.users.passwords import hash_password

PASSWORD = "correct horse battery staple"


def token(client, **body):
    return client.post("/api/v1/auth/token", json=body)


def me(client, access):
    return client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {access}"})


def test_password_gives_a_token_that_works(client):
    answer = token(client, username="Alice", password=PASSWORD)
    assert answer.status_code == 200
    assert me(client, answer.json()["access_token"]).json()["username"] == "alice"


def test_passwords_are_kept_as_argon2id_hashes_of_the_recommended_cost(real_passwords):
    assert hash_password(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_wrong_password_and_unknown_user_get_the_same_answer_in_the_same_time(real_passwords, client):
    def attempt(name):
        started = time.perf_counter()
        answer = token(client, username=name, password="wrong password 1")
        return answer, time.perf_counter() - started

    attempt("warm-up")
    known = [attempt("alice") for _ in range(4)]
    unknown = [attempt(f"nobody{number}") for number in range(4)]
    bodies = {(a.status_code, a.json()["code"], a.json()["detail"]) for a, _ in known + unknown}
    assert bodies == {(401, "wrong_credentials", "The user name or the password is incorrect. Please try again.")}
    fastest_known, fastest_unknown = min(t for _, t in known), min(t for _, t in unknown)
    assert fastest_unknown > 0.3 * fastest_known, "an unknown name must cost a hash as well"


def test_refresh_rotates_and_a_stolen_token_ends_the_chain(client):
    first = token(client, username="alice", password=PASSWORD).json()
    second = token(client, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert second.status_code == 200
    assert me(client, second.json()["access_token"]).status_code == 200
    stolen = token(client, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert (stolen.status_code, stolen.json()["code"]) == (401, "refresh_token_invalid")
    victim = token(client, grant_type="refresh_token", refresh_token=second.json()["refresh_token"])
    assert victim.status_code == 401, "the whole chain is revoked"


@pytest.mark.parametrize(
    ("change", "code"),
    [({"exp": 1}, "token_expired"), ({"iss": "someone else"}, "token_invalid"), ({"sid": "nobody"}, "token_invalid")],
)
def test_bad_tokens(client, app, change, code):
    access = token(client, username="alice", password=PASSWORD).json()["access_token"]
    key = app.state.settings.secret_key.get_secret_value()
    claims = jwt.decode(access, key, algorithms=["HS256"], options={"verify_iss": False}) | change
    answer = me(client, jwt.encode(claims, key, algorithm="HS256"))
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_token_of_a_gateway_whose_clock_is_ahead(client, app):
    access = token(client, username="alice", password=PASSWORD).json()["access_token"]
    key = app.state.settings.secret_key.get_secret_value()
    claims = jwt.decode(access, key, algorithms=["HS256"], options={"verify_iss": False})
    ahead = jwt.encode(claims | {"iat": claims["iat"] + 30}, key, algorithm="HS256")
    assert me(client, ahead).status_code == 200


def test_a_token_of_another_key_is_refused(client):
    forged = jwt.encode({"sub": "x", "iss": "lobule", "exp": time.time() + 60}, "another key " * 4, algorithm="HS256")
    assert me(client, forged).json()["code"] == "token_invalid"


def test_no_credentials(client):
    answer = client.get("/api/v1/jobs")
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


def form(client, **fields):
    return client.post("/login", data={"username": "alice", "password": PASSWORD} | fields, follow_redirects=False)


def test_login_form_opens_a_session(client):
    answer = form(client, next="/new")
    assert (answer.status_code, answer.headers["location"]) == (303, "/new")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert client.get("/api/v1/users/me").json()["username"] == "alice"


def test_secure_cookies_carry_the_host_prefix(make_app):
    with TestClient(make_app(secure_cookies=True), base_url="https://testserver") as client:
        cookie = form(client).headers["set-cookie"]
        assert cookie.startswith("__Host-lobule=")
        assert "Secure" in cookie


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)"]
)
def test_login_never_leads_to_another_host(client, target):
    assert form(client, next=target).headers["location"] == "/"


def test_wrong_password_in_the_form(client):
    answer = form(client, password="wrong password 1")
    assert answer.status_code == 401
    assert "incorrect" in answer.text
    assert "set-cookie" not in answer.headers


def test_a_cookie_without_the_csrf_token_changes_nothing(client):
    form(client)
    refused = client.post("/api/v1/cases", json={"pseudonym": "P-1"})
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf_failed")
    accepted = client.post("/api/v1/cases", json={"pseudonym": "P-1"}, headers={"X-CSRF-Token": csrf(client)})
    assert accepted.status_code == 201


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://[", "//[::1"])
def test_another_site_is_refused_even_with_the_token(client, origin):
    form(client)
    headers = {"X-CSRF-Token": csrf(client), "Origin": origin}
    assert client.post("/api/v1/cases", json={"pseudonym": "P-1"}, headers=headers).json()["code"] == "csrf_failed"
    assert client.post("/login", data={}, headers={"Origin": origin}).status_code == 403
    assert form(client, next="/").status_code == 303
    evil = client.post("/login", data={}, headers={"Sec-Fetch-Site": "cross-site"})
    assert evil.status_code == 403


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("http://lobule.example:8000", 403),
        ("http://10.0.0.5", 403),
        ("https://lobule.example", 303),
        ("http://localhost:8000", 303),
        ("http://127.0.0.1:8000", 303),
        ("http://[::1]:8000", 303),
        ("http://[", 403),
    ],
)
def test_a_login_that_the_browser_would_not_keep_is_refused_in_words(make_app, address, status):
    said = {"username": "alice", "password": "correct horse battery staple"}
    headers = {"Origin": address, "Host": address.partition("://")[2]}
    with TestClient(make_app(secure_cookies=True), follow_redirects=False) as client:
        answer = client.post("/login", data=said, headers=headers)
    assert answer.status_code == status
    assert ("address that begins with https://" in answer.text) is (status == 403)


def test_a_token_is_masked_anew_in_each_page(client):
    """From the size of a compressed page, nobody can guess it."""
    form(client)
    one, other = csrf(client), csrf(client)
    assert one != other
    for token, status in ((one, 201), (other, 201), (one[:-2], 403), (one[:-1], 403), ("é", 403), ("", 403)):
        headers = {"X-CSRF-Token": token.encode("utf-8")}
        assert client.post("/api/v1/cases", json={"pseudonym": "P-1"}, headers=headers).status_code == status, token


def csrf(client) -> str:
    import re

    found = re.search(r'name="csrf-token" content="([0-9a-f]+)"', client.get("/").text)
    assert found, "every page carries the token"
    return found.group(1)


def test_logout_ends_the_session(client):
    form(client)
    assert client.post("/logout", follow_redirects=False).status_code == 403, "a foreign page cannot log us out"
    client.post("/logout", data={"csrf": csrf(client)})
    assert client.get("/api/v1/users/me").status_code == 401


def test_pages_lead_to_the_login(client):
    answer = client.get("/new", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/new")


def test_a_login_that_waits_for_the_database_stops_nobody_else(app, client, monkeypatch):
    """On SQLite one writer waits for another; who holds the lock must be able to go on to the end of its request."""
    answers, at_the_lock, delete = [], threading.Event(), repository.delete_expired

    def arrive(session):
        at_the_lock.set()
        delete(session)  # the first statement: it waits for the lock

    monkeypatch.setattr(repository, "delete_expired", arrive)
    form = {"username": "alice", "password": PASSWORD}
    login = threading.Thread(target=lambda: answers.append(client.post("/login", data=form, follow_redirects=False)))
    with app.state.sessions.begin() as session:
        session.execute(text("SELECT 1"))  # takes the lock
        login.start()
        assert at_the_lock.wait(20)
        assert client.get("/login").status_code == 200
        assert answers == [], "it waits"
    login.join(20)
    assert answers[0].status_code == 303


def test_only_administrators_add_users(client, headers_of):
    new = {"username": "carol", "password": "another long password"}
    assert client.post("/api/v1/users", json=new, headers=headers_of("alice")).json()["code"] == "forbidden"
    created = client.post("/api/v1/users", json=new, headers=headers_of("root"))
    assert (created.status_code, created.json()["role"]) == (201, "clinician")
    assert "another long password" not in created.text
    assert "password_hash" not in created.text
    assert client.post("/api/v1/users", json=new, headers=headers_of("root")).json()["code"] == "username_taken"
    assert token(client, username="carol", password="another long password").status_code == 200


def test_short_passwords_are_refused(client, headers_of):
    answer = client.post("/api/v1/users", json={"username": "dave", "password": "short"}, headers=headers_of("root"))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
