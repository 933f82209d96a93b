"""A client that does not take its answer does not hold it in memory for ever; one that takes it slowly gets it."""

import asyncio
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import uvicorn

from gateway import prompt_readers
from gateway.prompt_readers import PromptReaders
from gateway.serving import _listen
from gateway.streaming import PIECE
from lobule import limits

_MB = 1 << 20


class Served:
    """A server whose answers have 32 MiB, so that the buffers of the system do not take them."""

    def __init__(self) -> None:
        config = uvicorn.Config(answer, http=PromptReaders, lifespan="off", log_level="critical")
        self.server, self.listener = uvicorn.Server(config), _listen("127.0.0.1", 0)
        self.thread = threading.Thread(target=self.server.run, args=([self.listener],))
        self.thread.start()
        while not self.server.started:
            assert self.thread.is_alive()

    def ask(self, path: str = "/") -> socket.socket:
        """Ask, and read nothing."""
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        client.connect(self.listener.getsockname())
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        return client

    def held(self) -> int:
        """Bytes that wait for the clients."""
        return sum(each.transport.get_write_buffer_size() for each in list(self.server.server_state.connections))


async def answer(scope, receive, send):
    await receive()
    if scope["path"] == "/late":
        await asyncio.sleep(2 * limits.ANSWER_GRACE_S)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(32 * _MB).encode())]})
    piece = PIECE if scope["path"] == "/pieces" else 32 * _MB
    for _ in range(0, 32 * _MB, piece):
        await send({"type": "http.response.body", "body": bytes(piece), "more_body": True})
    await send({"type": "http.response.body"})


@pytest.fixture
def logged(monkeypatch):
    lines = []
    monkeypatch.setattr(prompt_readers.log, "warning", lambda _event, **values: lines.append(values))
    return lines


@pytest.fixture
def served(monkeypatch, logged):
    monkeypatch.setattr(limits, "ANSWER_GRACE_S", 0.5)
    monkeypatch.setattr(limits, "MIN_ANSWER_BYTES_PER_S", 8 * _MB)
    served = Served()
    yield served
    served.server.should_exit = True
    served.thread.join()


def until(reached):
    started = time.monotonic()
    while not reached():
        assert time.monotonic() - started < 60
        time.sleep(0.01)


def read_all(client, *, bytes_per_s: float = float("inf")) -> int:
    """How much a client gets that reads so fast; -1 if the connection was cut."""
    started, read = time.monotonic(), 0
    client.settimeout(60)
    while read < 32 * _MB:
        if read > bytes_per_s * (time.monotonic() - started):
            time.sleep(0.005)
            continue
        try:
            piece = client.recv(65536)
        except ConnectionResetError:
            return -1
        if not piece:
            return -1
        read += len(piece)
    return read


def test_a_client_that_takes_nothing_is_cut_off_and_its_answer_leaves_memory(served, logged):
    with served.ask():
        until(served.held)
        until(lambda: not served.held())
        until(lambda: not served.server.server_state.connections)
    assert [line["reason"] for line in logged] == ["too slow"]
    assert logged[0]["path"] == "/"


def test_one_that_takes_a_little_now_and_then_is_cut_off_too(served, logged):
    with served.ask() as client:
        assert read_all(client, bytes_per_s=_MB) == -1
    assert [line["reason"] for line in logged] == ["too slow"]


@pytest.mark.parametrize("path", ["/", "/pieces"])
def test_one_that_takes_its_answer_at_the_least_rate_gets_it_whole(served, logged, path):
    """Of pieces, the system takes most at once, which the client takes nevertheless."""
    with served.ask(path) as client:
        assert read_all(client, bytes_per_s=10 * _MB) >= 32 * _MB
    assert not logged


def test_time_in_which_nothing_waits_does_not_count(served, logged):
    with served.ask("/late") as client:
        assert read_all(client) >= 32 * _MB
    assert not logged


def test_all_together_hold_no_more_than_they_may(served, logged, monkeypatch):
    monkeypatch.setattr(limits, "ANSWER_GRACE_S", 60)
    monkeypatch.setattr(limits, "MAX_ANSWERS_BYTES", 40 * _MB)
    first = served.ask()
    until(served.held)
    second = served.ask()
    until(lambda: logged)
    assert [line["reason"] for line in logged] == ["too much is held"]
    assert read_all(first) == -1, "who has taken nothing for longest is cut off"
    assert read_all(second) >= 32 * _MB
    first.close()
    second.close()


def test_who_reads_all_the_time_is_not_cut_off_for_those_that_read_nothing(served, logged, monkeypatch):
    monkeypatch.setattr(limits, "ANSWER_GRACE_S", 60)
    monkeypatch.setattr(limits, "MAX_ANSWERS_BYTES", 70 * _MB)
    with served.ask() as reading, ThreadPoolExecutor() as readers:
        until(served.held)
        read = readers.submit(read_all, reading, bytes_per_s=10 * _MB)
        with served.ask() as stalled:
            until(lambda: served.held() > 50 * _MB)
            until(lambda: served.held() < 50 * _MB)
            with served.ask():
                until(lambda: logged)
                assert read.result() >= 32 * _MB
                assert read_all(stalled) == -1
    assert [line["reason"] for line in logged] == ["too much is held"]
