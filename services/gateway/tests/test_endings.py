"""Requests that wait for work ask the database once for all, and more and more seldom."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from httpx import Response

from gateway.jobs import endings, repository
from gateway.jobs.endings import Endings


@pytest.fixture
def wait(app) -> Callable[..., Endings]:
    """Has so many requests wait for a job at once."""

    def run(job: str, requests: int, patience_s: float = 60) -> Endings:
        found = Endings(app.state.sessions)

        async def all_of_them() -> None:
            await asyncio.gather(*(found.wait(job, patience_s) for _ in range(requests)))

        with ThreadPoolExecutor(1) as thread:  # the loop of a browser of other tests may run in this one
            thread.submit(asyncio.run, all_of_them()).result()
        return found

    return run


@pytest.fixture
def looks(monkeypatch) -> list[str]:
    """What the database was asked for; the work of this test has ended at the fourth time."""
    asked: list[str] = []

    def has_ended(_session, work_id: str) -> bool:
        asked.append(work_id)
        return len(asked) == 4

    monkeypatch.setattr(repository, "has_ended", has_ended)
    return asked


def test_one_asks_for_all_that_wait_for_the_same(wait, looks):
    found = wait("job", 50)
    assert looks == ["job"] * 4
    assert not found._watches


def test_nobody_asks_any_longer_once_nobody_waits(wait, looks, monkeypatch):
    monkeypatch.setattr(endings, "_OFTEN_S", 3600)
    found = wait("job", 3, patience_s=0.05)
    assert looks == ["job"]
    assert not found._watches


def test_pauses_grow_with_the_time_that_the_work_takes(wait, monkeypatch):
    clock, pauses = [0.0], list[float]()

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        clock[0] += seconds

    monkeypatch.setattr(endings.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(endings.asyncio, "sleep", sleep)
    monkeypatch.setattr(repository, "has_ended", lambda _session, _id: clock[0] >= 300)
    wait("job", 1)
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (0.05, 2.0)
    assert len(pauses) < 300, "ten times a second would be 3000"


def test_work_that_was_deleted_has_ended(wait):
    assert not wait("no such job", 2)._watches


def test_an_outage_ends_the_waiting(wait, monkeypatch):
    def away(_session, _id) -> bool:
        raise ConnectionError

    monkeypatch.setattr(repository, "has_ended", away)
    with pytest.raises(ConnectionError):
        wait("job", 2)


def test_clients_that_send_a_file_often_wait_at_the_price_of_one(app, client, bearer_of, picture, worker):
    def send(patience_s: int) -> Response:
        headers = bearer_of("alice") | {"Prefer": f"wait={patience_s}"}
        return client.post("/api/v1/diagnose", headers=headers, files={"file": ("a.png", picture())})

    job = send(0).json()["id"]
    waits = app.state.endings._watches
    with ThreadPoolExecutor(8) as threads:
        answers = [threads.submit(send, 300) for _ in range(8)]
        while job not in waits or waits[job].waiting < 8:
            time.sleep(0.01)
        assert list(waits) == [job]
        worker.infer(job)
        worker.render(job)
        assert {answer.result().status_code for answer in answers} == {200}
    assert not waits
