"""`/readyz`, for which anybody may ask at any rate, while a part of the gateway hangs."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.system.health import Health, Readiness

WORKS = Health(status="ok", database=True, migrated=True, object_store=True, redis=True)


def test_an_answer_is_kept_for_a_moment():
    asked = []
    readiness = Readiness(lambda: asked.append(1) or WORKS, kept_s=60)
    assert [readiness.health() for _ in range(5)] == [WORKS] * 5
    assert readiness.known() == WORKS
    assert len(asked) == 1
    readiness.kept_s = 0
    assert readiness.known() is None
    assert readiness.health() == WORKS
    assert len(asked) == 2


def test_a_part_that_fails_unexpectedly_is_asked_again():
    answers = iter([None, WORKS])

    def ask() -> Health:
        if (answer := next(answers)) is None:
            raise ValueError("no part may raise, and yet")
        return answer

    readiness = Readiness(ask)
    with pytest.raises(ValueError, match="and yet"):
        readiness.health()
    assert readiness.health() == WORKS


def test_while_a_part_hangs_it_holds_one_thread(app, client):
    asked, hangs, works = threading.Semaphore(0), threading.Event(), app.state.readiness.health()

    def ask() -> Health:
        asked.release()
        assert hangs.wait(60)
        return works

    readiness = Readiness(ask, kept_s=0)
    readiness._at, readiness._health = app.state.readiness._at, works
    app.state.readiness = readiness
    with ThreadPoolExecutor(1) as asker:
        first = asker.submit(client.get, "/readyz")
        assert asked.acquire(timeout=60)
        answers = [client.get("/readyz") for _ in range(50)]  # more than there are threads for requests
        assert {answer.status_code for answer in answers} <= {200, 503}  # 503 if they took more than ten seconds
        assert not first.done()
        assert not asked.acquire(blocking=False), "nobody else asked the parts"
        hangs.set()
        assert first.result(60).status_code == 200


def test_an_old_answer_is_not_told_while_a_part_hangs():
    asked, hangs = threading.Event(), threading.Event()
    readiness = Readiness(lambda: (asked.set(), hangs.wait(60)) and WORKS)
    with ThreadPoolExecutor(1) as asker:
        first = asker.submit(readiness.health)
        assert asked.wait(60)
        assert readiness.health().status == "down"
        hangs.set()
        assert first.result(60) == WORKS
    assert readiness.health() == WORKS


def test_a_probe_writes_no_line_of_the_schema(app, client, caplog):
    app.state.readiness.kept_s = 0
    caplog.clear()
    assert client.get("/readyz").json()["migrated"]
    assert [line for line in caplog.records if line.name.startswith("alembic")] == []
