"""A client that sends headers slowly does not occupy a connection for ever; slow answers are not cut off."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import uvicorn

from gateway.prompt_headers import PromptHeaders
from lobule import limits

_SLOW_S = 0.6


async def application(scope, receive, send):
    """Answer after a while, and read the body first."""
    if scope["type"] == "http":
        while (await receive()).get("more_body"):
            pass
        await asyncio.sleep(_SLOW_S)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def address(monkeypatch):
    monkeypatch.setattr(limits, "HEADERS_S", 0.3)
    config = uvicorn.Config(application, port=0, http=PromptHeaders, lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    yield server.servers[0].sockets[0].getsockname()
    server.should_exit = True
    thread.join()


def ended(address, *pieces: bytes) -> bytes:
    """What comes until the connection is closed by the server."""

    async def drip() -> bytes:
        reader, writer = await asyncio.open_connection(*address)
        answer = asyncio.ensure_future(reader.read())
        for piece in pieces:
            writer.write(piece)
        while not answer.done():  # a header that has no end
            if pieces and not pieces[-1].endswith(b"\r\n\r\n"):
                writer.write(b"a")
            await asyncio.wait([answer], timeout=0.05)
        writer.close()
        return answer.result()

    # In a thread, because a test with a browser leaves a running event loop in this one.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(drip())).result()


@pytest.mark.parametrize("pieces", [(), (b"G",), (b"GET / HTTP/1.1\r\nHost: a\r\nX: ",)])
def test_headers_that_drip_end_the_connection(address, pieces):
    assert ended(address, *pieces) == b""


def test_so_do_those_of_a_later_request(address):
    whole = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    assert ended(address, whole, whole, b"GET / HTTP/1.1\r\nX: ").count(b"200 OK") == 2


def test_answers_and_bodies_may_take_longer(address):
    with httpx.Client(base_url=f"http://{address[0]}:{address[1]}", timeout=60) as client:
        assert [client.get("/").text for _ in range(2)] == ["ok", "ok"]
        assert client.post("/", content=b"a" * 100_000).text == "ok"
