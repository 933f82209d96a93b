"""Guessing passwords: pauses after failures, guesses in parallel, and passwords that are guessed too soon."""

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient
from redis import Redis

from gateway.auth import service
from gateway.auth import throttle as throttle_module
from gateway.auth.throttle import LoginThrottle
from gateway.errors import ProblemError

PASSWORD = "correct horse battery staple"
PATIENCE_S = 30


def token(client, **body):
    return client.post("/api/v1/auth/token", json=body)


@pytest.fixture
def pauses(monkeypatch):
    """Says how long the first pause is."""
    return lambda seconds: monkeypatch.setattr(throttle_module, "FIRST_PAUSE_S", seconds)


class TestFailures:
    def test_too_many_must_wait_and_others_need_not(self, make_app, pauses):
        pauses(40)
        with TestClient(make_app(login_attempts=3)) as client:
            for _ in range(3):
                assert token(client, username="alice", password="wrong password 1").status_code == 401
            refused = token(client, username="alice", password=PASSWORD)
            assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
            assert 1 < int(refused.headers["retry-after"]) <= 40
            assert token(client, username="bob", password=PASSWORD).status_code == 200

    def test_a_network_of_ipv6_is_one_address(self, app):
        throttle = LoginThrottle(app.state.redis, 1)
        for number in range(5):
            assert throttle.check(f"guess {number}", f"2001:db8::{number}", lambda: None) is None
        with pytest.raises(ProblemError, match="too many failed logins"):
            throttle.check("another", "2001:db8::ffff", lambda: True)
        assert throttle.check("another", "2001:db8:0:1::1", lambda: True)

    def test_each_further_one_doubles_the_pause_up_to_a_minute(self, app, redis_time):
        throttle = LoginThrottle(app.state.redis, 2)
        waits = []
        for _ in range(8):
            assert throttle.check("alice", "address", lambda: None) is None
            waits.append(redis_time.forget_pauses())
        assert waits == [0, 5, 10, 20, 40, 60, 60, 60]

    def test_the_right_password_is_forgiven_its_failures(self, app, redis_time):
        throttle = LoginThrottle(app.state.redis, 2)
        throttle.check("alice", "address", lambda: None)
        assert throttle.check("alice", "address", lambda: True)
        throttle.check("alice", "address", lambda: None)
        assert redis_time.forget_pauses() == 0

    def test_nobody_elsewhere_locks_out_who_has_logged_in_here(self, app, redis_time):
        throttle = LoginThrottle(app.state.redis, 1)
        assert throttle.check("alice", "home", lambda: True)
        for number in range(5):
            throttle.check("alice", f"attacker {number}", lambda: None)
        with pytest.raises(ProblemError):
            throttle.check("alice", "somewhere else", lambda: True)
        assert throttle.check("Alice", "home", lambda: True)

    def test_without_redis_each_gateway_counts_for_itself(self, app, monkeypatch):
        throttle = LoginThrottle(Redis(port=1), 2)
        clock = [1000.0]
        monkeypatch.setattr("gateway.auth.failures.time.monotonic", lambda: clock[0])
        for _ in range(2):
            assert throttle.check("alice", "address", lambda: None) is None
        with pytest.raises(ProblemError) as refused:
            throttle.check("alice", "address", lambda: True)
        assert refused.value.headers == {"Retry-After": "5"}
        assert throttle.check("bob", "address", lambda: True)
        clock[0] += 5
        assert throttle.check("alice", "address", lambda: True)


@pytest.fixture
def redis_time(app):
    """Lets the pauses in Redis pass at once."""

    class Time:
        def forget_pauses(self) -> int:
            """End every pause; the seconds that the longest still had."""
            keys = app.state.redis.keys("lobule:login:pause:*")
            left = [-(-app.state.redis.pttl(key) // 1000) for key in keys]
            if keys:
                app.state.redis.delete(*keys)
            return max(left, default=0)

    return Time()


class TestManyAtOnce:
    @pytest.mark.parametrize("form", [False, True], ids=["program", "portal"])
    def test_those_that_wait_take_no_thread_from_other_requests(self, make_app, monkeypatch, form):
        released, checking = threading.Event(), threading.Semaphore(0)

        def check(*_) -> bool:
            checking.release()
            return not released.wait(PATIENCE_S)

        def log_in(number: int) -> int:
            grant = {"username": f"nobody {number}", "password": "a guess"}
            path = "/login" if form else "/api/v1/auth/token"
            return client.post(path, **({"data": grant} if form else {"json": grant})).status_code

        monkeypatch.setattr(service, "verify_password", check)
        with TestClient(make_app(login_attempts=1000)) as client, ThreadPoolExecutor(61) as pool:
            guesses = [pool.submit(log_in, number) for number in range(60)]
            try:
                assert checking.acquire(timeout=PATIENCE_S)
                other = pool.submit(client.get, "/login").result(timeout=PATIENCE_S / 2)
                assert (other.status_code, client.get("/healthz").status_code) == (200, 200)
                assert not any(guess.done() for guess in guesses)
            finally:
                released.set()
            assert {guess.result() for guess in guesses} == {401}

    def test_guesses_in_parallel_are_counted_before_their_hashes(self, make_app, monkeypatch, pauses):
        pauses(60)
        checked = []
        monkeypatch.setattr(service, "verify_password", lambda *_: checked.append(1) or time.sleep(0.05) or False)
        with TestClient(make_app(login_attempts=3)) as client, ThreadPoolExecutor(8) as pool:
            answers = list(
                pool.map(lambda n: token(client, username="alice", password=f"guess {n}").status_code, range(8))
            )
        assert len(checked) == 3
        assert sorted(answers) == [401] * 3 + [429] * 5

    def test_right_passwords_in_parallel_only_wait(self, make_app):
        with TestClient(make_app(login_attempts=2)) as client, ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: token(client, username="alice", password=PASSWORD).status_code, range(8)))
        assert answers == [200] * 8

    def test_one_whose_gateway_died_is_forgotten_however_many_come_after_it(self, app, monkeypatch):
        throttle, redis = LoginThrottle(app.state.redis, 2), app.state.redis
        monkeypatch.setattr(throttle_module, "_BUSY_S", 0.1)
        keys = [f"lobule:login:checked:{party}" for party in ("alice@address", "address:address", "name:alice")]
        for key in keys:
            redis.zadd(key, {"died": time.time() - 61, "lives": time.time()})
        assert throttle.check("alice", "address", lambda: True), "it renews the set"
        assert [redis.zrange(key, 0, -1) for key in keys] == [["lives"]] * 3

    def test_where_checks_last_it_is_not_said_that_they_failed(self, app, monkeypatch):
        monkeypatch.setattr(throttle_module, "_BUSY_S", 0.1)
        app.state.redis.zadd("lobule:login:checked:alice@address", {"lives": time.time()})
        with pytest.raises(ProblemError) as refused:
            LoginThrottle(app.state.redis, 1).check("alice", "address", lambda: True)
        assert (refused.value.status, refused.value.code) == (429, "logins_busy")
        assert refused.value.headers == {"Retry-After": "1"}

    def test_a_check_that_breaks_off_counts_for_nothing(self, app):
        throttle = LoginThrottle(app.state.redis, 1)

        def broken() -> None:
            raise OSError("the database is away")

        for _ in range(2):
            with pytest.raises(OSError, match="away"):
                throttle.check("alice", "address", broken)
        assert throttle.check("alice", "address", lambda: True)


@pytest.mark.parametrize(
    ("password", "reason"),
    [("Password123456!", "guessed"), ("aaaaaaaaaaaaaaaa", "guessed"), ("the long word of dave", "name")],
)
def test_passwords_that_are_guessed_soon_are_refused(client, root, password, reason):
    answer = client.post("/api/v1/users", json={"username": "dave", "password": password}, headers=root)
    assert (answer.status_code, answer.json()["code"], answer.json()["reason"]) == (422, "password_weak", reason)


def test_a_password_is_not_what_its_user_is_called(client, alice):
    change = {"current": PASSWORD, "new": "alice in a long sentence"}
    answer = client.post("/api/v1/users/me/password", json=change, headers=alice)
    assert (answer.status_code, answer.json()["code"]) == (422, "password_weak")


class Places(contextlib.AbstractAsyncContextManager):
    """Counts how often somebody takes a place."""

    taken = 0

    async def __aenter__(self) -> None:
        self.taken += 1

    async def __aexit__(self, *_) -> None:
        return None


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("diagnose", {"data": {"username": "alice", "password": "wrong"}, "files": {"file": ("a.png", b"x")}}),
        ("users/me/password", {"json": {"current": "wrong password 1", "new": "a long enough sentence"}}),
        ("sessions/current/authentication", {"json": {"password": "wrong password 1"}}),
    ],
)
def test_every_check_of_a_password_takes_one_of_the_places_for_logins(app, client, alice, path, sent):
    app.state.login_places = places = Places()
    assert client.post(f"/api/v1/{path}", headers=alice, **sent).status_code in (401, 403)
    assert places.taken == 1


def test_a_right_password_is_noted_even_if_nothing_is_uploaded(client, root):
    sent = {"username": "alice", "password": PASSWORD, "modality": "none"}
    assert client.post("/api/v1/diagnose", data=sent, files={"file": ("a.png", b"x")}).status_code == 422
    noted = client.get("/api/v1/audit", headers=root).json()["items"]
    assert {"for": "diagnose"} in [event["detail"] for event in noted if event["action"] == "auth.login"]
