"""What the background loops log while the database or Redis is away."""

import queue
import threading

import pytest
from redis.exceptions import ConnectionError as RedisAwayError
from sqlalchemy.exc import OperationalError
from structlog.testing import CapturingLogger

from gateway import background
from gateway.background import BackgroundLoop


class RefusedError(Exception):
    """What psycopg raises where the server cannot be reached."""


RefusedError.__name__ = "OperationalError"
DATABASE_AWAY = OperationalError("SELECT 1", {}, RefusedError("connection refused"))
REDIS_AWAY = RedisAwayError("connection refused")


@pytest.fixture
def logged(monkeypatch):
    """Runs a loop whose turns end with these errors, or well with None; gives what it logged."""

    def run(*outcomes: Exception | None) -> list[tuple[str, str]]:
        waiting: queue.SimpleQueue[Exception | None] = queue.SimpleQueue()
        for outcome in outcomes:
            waiting.put(outcome)
        done, wake, log = threading.Event(), threading.Event(), CapturingLogger()
        monkeypatch.setattr(background, "log", log)
        monkeypatch.setattr(background, "_PAUSE_S", 0)

        def turn() -> None:
            if waiting.empty():
                done.set()
                wake.wait()
            elif (error := waiting.get()) is not None:
                raise error

        loop = BackgroundLoop("tested", turn, wake)
        loop.start()
        assert done.wait(60)
        loop.close()
        return [(call.args[0], call.kwargs.get("code", "")) for call in log.calls]

    return run


def test_an_outage_is_logged_when_it_begins_and_when_it_is_over(logged):
    assert logged(None, *[DATABASE_AWAY] * 5, None, None) == [
        ("outage_began", "database_unavailable"),
        ("outage_over", "database_unavailable"),
    ]


def test_another_outage_is_logged_as_well(logged):
    assert logged(DATABASE_AWAY, REDIS_AWAY, REDIS_AWAY, None) == [
        ("outage_began", "database_unavailable"),
        ("outage_began", "redis_unavailable"),
        ("outage_over", "redis_unavailable"),
    ]


def test_a_fault_is_logged_each_time(logged):
    assert logged(ValueError("x"), ValueError("x"), None) == [("loop_crashed", "")] * 2
