"""Who has logged in is told of the attempts with their name that failed before."""

import pyotp
import pytest
from fastapi.testclient import TestClient

PASSWORD = "correct horse battery staple"


@pytest.fixture
def fail(client):
    """Fails to log in, as an API client does, from another address than the tests'."""

    def send(username: str = "alice", times: int = 1, address: str = "198.51.100.7", **body) -> None:
        elsewhere = TestClient(client.app, client=(address, 1))
        for _ in range(times):
            given = {"username": username, "password": "a wrong password"} | body
            assert elsewhere.post("/api/v1/auth/token", json=given).status_code == 401

    return send


@pytest.fixture
def enter(client):
    """Logs in to the portal, with another browser each time; gives it."""

    def send(username: str = "alice", **form) -> TestClient:
        browser = TestClient(client.app, follow_redirects=False, base_url="https://testserver")
        answer = browser.post("/login", data={"username": username, "password": PASSWORD} | form)
        assert answer.status_code == 303, answer.text
        return browser

    return send


def told(browser: TestClient, path: str = "/", **headers) -> str:
    return browser.get(path, headers=headers).text


def press_seen(browser: TestClient, page: str, csrf: str | None = None):
    token = page.split('action="/failed-logins/seen"')[1].split('name="csrf" value="')[1].split('"')[0]
    return browser.post("/failed-logins/seen", data={"csrf": csrf or token, "next": "/account"})


def test_the_next_page_and_the_account_say_how_many_when_and_from_where(fail, enter):
    enter()
    fail(times=2)
    fail("Alice", address="203.0.113.9")
    browser = enter()
    for path in ("/", "/account"):
        page = told(browser, path)
        assert "3 attempts to log in with your name have failed, the last one on <time" in page
        assert "from 203.0.113.9." in page
        assert "You logged in before this on <time" in page
    assert "登录失败3次" in told(browser, **{"Accept-Language": "zh"})


def test_it_stays_until_it_was_seen_and_the_account_keeps_it(fail, enter, audited):
    fail()
    browser = enter()
    page = told(browser)
    assert "1 attempt to log in with your name has failed, on <time" in page
    assert "You logged in before" not in page, "it is their first login"
    assert press_seen(browser, page, csrf="00").status_code == 403
    assert "has failed" in told(browser)
    assert press_seen(browser, page).headers["location"] == "/account"
    assert "has failed" not in told(browser)
    assert "has failed" in told(browser, "/account")
    assert press_seen(browser, page).status_code == 303
    assert len(audited("auth.failed_seen")) == 1, "once"
    assert "has failed" not in told(enter(), "/account"), "the next session counts from the one before"


def test_only_who_was_tried_is_told_and_no_login_of_a_program_hides_it(fail, enter, client):
    fail()
    fail("nobody")
    assert "has failed" not in told(enter("bob"), "/account")
    assert client.post("/api/v1/auth/token", json={"username": "alice", "password": PASSWORD}).status_code == 200
    assert "has failed" in told(enter())


def test_a_wrong_code_counts_and_a_wrong_proof_does_not(client, alice, fail, enter):
    secret = client.post("/api/v1/users/me/second-factor", headers=alice).json()["secret"]
    code = {"code": pyotp.TOTP(secret).now()}
    codes = client.post("/api/v1/users/me/second-factor/confirmation", json=code, headers=alice).json()["codes"]
    fail(password=PASSWORD, code="000000")
    wrong = client.post("/api/v1/sessions/current/authentication", json={"code": "000000"}, headers=alice)
    assert wrong.json()["code"] == "wrong_code"
    half = TestClient(client.app, base_url="https://testserver")
    form = half.post("/login", data={"username": "alice", "password": PASSWORD}).text
    given = form.split('name="pending" value="')[1].split('"')[0]
    assert half.post("/login", data={"pending": given, "code": codes[0]}, follow_redirects=False).status_code == 303
    assert "1 attempt to log in with your name has failed" in told(half)


def test_a_request_without_a_session_only_leads_on(client):
    answer = client.post("/failed-logins/seen", data={"next": "//evil.example"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
