"""A body that drips ends with 408; one that is slow because the server reads slowly does not."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client import REGISTRY
from starlette.exceptions import HTTPException

from gateway.body_limit import BodyLimit
from lobule import limits


def read_body(path, pieces, *, after_piece_s=0.0):
    """What an application makes of a body, each of whose pieces comes after so many seconds."""
    coming = iter(pieces)

    async def receive():
        delay, body = next(coming)
        await asyncio.sleep(delay)
        return {"type": "http.request", "body": body, "more_body": body != b"end"}

    read = bytearray()

    async def application(_scope, receive, _send):
        while True:
            message = await receive()
            read.extend(message["body"])
            if not message["more_body"]:
                break
            await asyncio.sleep(after_piece_s)
        await receive()

    limited = BodyLimit(application)({"type": "http", "path": path, "headers": []}, receive, None)
    with ThreadPoolExecutor(1) as thread:  # the loop of a browser of other tests may run in this one
        thread.submit(asyncio.run, limited).result()
    return bytes(read)


@pytest.fixture
def short_grace(monkeypatch):
    monkeypatch.setattr(limits, "BODY_GRACE_S", 0.2)


@pytest.mark.parametrize("path", ["/api/v1/cases", "/api/v1/images", "/dicom-web/studies"])
@pytest.mark.parametrize("pieces", [[(60, b"")], [(0, b"a"), (60, b"a")], [(0.05, b"a")] * 1000])
def test_a_body_that_comes_too_slowly(short_grace, path, pieces):
    with pytest.raises(HTTPException) as refused:
        read_body(path, pieces)
    assert refused.value.status_code == 408
    assert refused.value.headers == {"Connection": "close"}


def test_time_that_the_application_takes_does_not_count(short_grace, monkeypatch):
    pieces = [(0, b"a"), (0, b"b"), (0, b"end"), (0.3, b"")]  # the end of the connection comes late
    assert read_body("/api/v1/images", pieces, after_piece_s=0.25) == b"abend"


def test_bytes_earn_time(short_grace, monkeypatch):
    monkeypatch.setattr(limits, "MIN_BODY_BYTES_PER_S", 1000)
    assert len(read_body("/api/v1/images", [(0, b"a" * 60_000), (0.4, b"a"), (0, b"end"), (0, b"")])) == 60_004


def test_invented_methods_are_one_time_series(client):
    def series():
        found = next(m for m in REGISTRY.collect() if m.name == "lobule_request_seconds")
        return {sample.labels["method"] for sample in found.samples}

    for number in range(3):
        client.request(f"INVENTED{number}", "/healthz")
    assert "other" in series()
    assert not [name for name in series() if name.startswith("INVENTED")]


def test_probes_are_answered_while_the_loop_is_busy(app, client):
    import json
    import threading
    import urllib.request

    from gateway.system.health import serve_probes

    port = serve_probes(app.state, "127.0.0.1", 0)

    def ask(path):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return json.loads(answer.read())

    held, go = threading.Event(), threading.Event()

    async def hold():
        held.set()
        go.wait(timeout=60)  # as a computation would: the loop does nothing else meanwhile

    busy = client.portal.start_task_soon(hold)
    try:
        assert held.wait(timeout=60)
        assert ask("/healthz") == {"status": "ok", "loop": True}
        assert ask("/readyz") == {"status": "ok", "loop": True, "accepts": True}
        assert not busy.done()
    finally:
        go.set()
    app.state.loop_beat._at = float("-inf")
    with pytest.raises(urllib.error.HTTPError, match="503"):
        ask("/healthz")
