"""Parts of films and reports: `Range` and `If-Range` (RFC 9110, section 14)."""

import asyncio
import gc
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
from sqlalchemy import select

from gateway import streaming
from gateway.audit.models import AuditEvent
from gateway.ranges import Ranges


@pytest.fixture
def content(upload, picture):
    """The address of an uploaded file, and its bytes."""
    data = picture(3)
    return f"/api/v1/images/{upload(data).json()['image']['id']}/content", data


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=10-", slice(10, None)),
        ("bytes=-7", slice(-7, None)),
        ("bytes=5-999999999", slice(5, None)),
        ("bytes=-999999999", slice(0, None)),
        ("bytes=0-0", slice(0, 1)),
    ],
)
def test_one_range_is_sent(client, alice, content, wanted, part):
    address, data = content
    answer = client.get(address, headers={**alice, "Range": wanted})
    assert answer.status_code == 206
    assert answer.content == data[part]
    first, last, _ = part.indices(len(data))
    assert answer.headers["content-range"] == f"bytes {first}-{last - 1}/{len(data)}"
    assert answer.headers["content-length"] == str(len(answer.content))


@pytest.mark.parametrize("wanted", ["bytes=0-1,4-5", "lines=0-5", "bytes=-", "bytes=a-b", "bytes", "bytes=9-3"])
def test_what_is_no_single_range_of_bytes_is_ignored(client, alice, content, wanted):
    address, data = content
    answer = client.get(address, headers={**alice, "Range": wanted})
    assert (answer.status_code, answer.content) == (200, data)
    assert answer.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize("wanted", ["bytes=999999999-", "bytes=-0"])
def test_an_empty_range_cannot_be_sent(client, alice, content, wanted):
    address, data = content
    answer = client.get(address, headers={**alice, "Range": wanted})
    assert answer.headers["content-range"] == f"bytes */{len(data)}"
    assert (answer.status_code, answer.headers["content-type"]) == (416, "application/problem+json")
    assert (answer.json()["code"], answer.json()["values"]) == ("range_not_satisfiable", {"size": len(data)})
    assert answer.headers["content-length"] == str(len(answer.content))


def test_the_state_that_the_client_has_decides(client, alice, content):
    address, data = content
    etag = client.get(address, headers=alice).headers["etag"]
    part = {**alice, "Range": "bytes=0-3"}
    assert client.get(address, headers={**part, "If-Range": etag}).content == data[:4]
    assert client.get(address, headers={**part, "If-Range": '"another"'}).content == data
    assert client.get(address, headers={**part, "If-None-Match": etag}).status_code == 304


def test_what_offers_no_parts_is_sent_whole(client, alice):
    answer = client.get("/api/v1/users/me", headers={**alice, "Range": "bytes=0-3"})
    assert answer.status_code == 200
    assert answer.json()["username"] == "alice"


@pytest.fixture
def bytes_read(app, monkeypatch):
    """How many bytes of the store were read, in pieces of 16; what was opened must be closed by then."""
    read, opened = [], []

    class Noting:
        def __init__(self, stream) -> None:
            self._stream = stream

        def read(self, size: int) -> bytes:
            data = self._stream.read(size)
            read.append(len(data))
            return data

        def seek(self, place: int) -> int:
            return self._stream.seek(place)

    class Store:
        @contextmanager
        def open(self, key: str):
            with store.open(key) as stream:
                opened.append(stream)
                yield Noting(stream)

    store = app.state.store
    monkeypatch.setattr(streaming, "PIECE", 16)
    monkeypatch.setattr(app.state, "store", Store())

    def count() -> int:
        assert all(stream.closed for stream in opened)
        return sum(read)

    gc.disable()
    yield count
    gc.enable()


class TestBytesThatNobodyWantsAreNotRead:
    @pytest.mark.parametrize("wanted", ["bytes=0-0", "bytes=-1", "bytes=100-100"])
    def test_those_outside_of_a_range(self, client, alice, content, bytes_read, wanted):
        answer = client.get(content[0], headers={**alice, "Range": wanted})
        assert (answer.status_code, len(answer.content)) == (206, 1)
        assert bytes_read() == 1

    def test_those_of_a_range_behind_the_end(self, client, alice, content, bytes_read):
        assert client.get(content[0], headers={**alice, "Range": "bytes=999999-"}).status_code == 416
        assert bytes_read() <= 16

    def test_those_of_a_head_request(self, client, alice, content, bytes_read):
        address, data = content
        answer = client.head(address, headers={**alice, "Range": "bytes=0-3"})
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-length"] == str(len(data))
        assert bytes_read() <= 16

    def test_those_that_the_client_has(self, client, alice, content, bytes_read):
        etag = client.head(content[0], headers=alice).headers["etag"]
        before = bytes_read()
        answer = client.get(content[0], headers={**alice, "If-None-Match": etag})
        assert (answer.status_code, answer.content) == (304, b"")
        assert bytes_read() - before <= 16

    def test_a_head_request_is_noted_as_a_read(self, client, app, alice, content, bytes_read):
        assert client.head(content[0], headers=alice).status_code == 200
        app.state.data_reads.write()
        with app.state.sessions() as session:
            assert "data.read" in session.scalars(select(AuditEvent.action)).all()


def test_what_a_range_leaves_of_any_response_is_not_asked_for():
    asked = []

    async def app(_scope, _receive, send):
        headers = [(b"accept-ranges", b"bytes"), (b"content-length", b"30")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for piece in (b"0123456789", b"abcdefghij", b"klmnopqrst"):
            asked.append(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": True})

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(Ranges(app))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            return await client.get("/", headers={"Range": "bytes=5-12"})

    with ThreadPoolExecutor(1) as thread:  # the loop of a browser of other tests may run in this one
        answer = thread.submit(asyncio.run, ask()).result()
    assert (answer.status_code, answer.content) == (206, b"56789abc")
    assert len(asked) == 2
