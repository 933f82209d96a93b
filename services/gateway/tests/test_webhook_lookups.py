"""The address of a new webhook is looked up with no transaction open, within a time limit, and one of each user."""

import socket
import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from gateway.webhooks import lookups

SLOW = "http://slow.example/"
PUBLIC = "http://203.0.113.7/"


class Server:
    """A name server that answers for `slow.example` when it is told to, with a public address."""

    def __init__(self) -> None:
        self.asked, self.answers = threading.Semaphore(0), threading.Event()
        self.names: list[str] = []
        self._real = socket.getaddrinfo

    def look_up(self, host, *rest, **more):
        self.names.append(str(host))
        if "slow" not in str(host):
            return self._real(host, *rest, **more)
        self.asked.release()
        assert self.answers.wait(60)
        return self._real("8.8.8.8", *rest, **more)


@pytest.fixture
def app(make_app):
    return make_app(webhook_networks="203.0.113.0/24")


@pytest.fixture
def server(monkeypatch):
    server = Server()
    monkeypatch.setattr(socket, "getaddrinfo", server.look_up)
    yield server
    server.answers.set()


@pytest.fixture
def register(client, alice):
    """Registers a webhook; gives status and code."""

    def send(url: str = SLOW, headers=alice) -> tuple[int, str]:
        answer = client.post("/api/v1/webhooks", json={"url": url}, headers=headers)
        return answer.status_code, answer.json().get("code", "")

    return send


@pytest.fixture
def hung(server, register):
    """Alice's look-up that has not ended; the request's answer follows."""
    with ThreadPoolExecutor(1) as pool:
        answer: Future[tuple[int, str]] = pool.submit(register)
        assert server.asked.acquire(timeout=30)
        yield answer
        server.answers.set()


def test_others_write_meanwhile_and_its_user_waits(client, alice, hung, server, register, headers_of):
    case = client.post("/api/v1/cases", json={"pseudonym": "P"}, headers=headers_of("bob"))
    assert (case.status_code, hung.done()) == (201, False)
    assert register(PUBLIC) == (429, "lookup_busy")
    assert register(PUBLIC, headers_of("bob")) == (201, "")
    server.answers.set()
    assert hung.result(30) == (201, "")
    assert register(PUBLIC) == (201, "")


def test_it_is_given_up_and_its_user_may_begin_no_other(server, register, monkeypatch, headers_of):
    monkeypatch.setattr(lookups, "LOOKUP_S", 0.05)
    assert register() == (422, "webhook_address_forbidden")
    assert register(PUBLIC) == (429, "lookup_busy")
    for name in ("bob", "root"):
        assert register(PUBLIC, headers_of(name)) == (201, "")


def test_where_too_many_hang_others_are_told_to_wait(app, server, register, monkeypatch, headers_of):
    monkeypatch.setattr(lookups, "LOOKUP_S", 0.05)
    monkeypatch.setattr(lookups, "LOOKUPS_AT_ONCE", 1)
    assert register() == (422, "webhook_address_forbidden")
    assert register(PUBLIC, headers_of("bob")) == (429, "lookup_busy")


def test_what_is_refused_anyway_is_not_looked_up(client, alice, server, register, headers_of):
    assert register("http://203.0.113.8/") == (201, "")
    hook = client.get("/api/v1/webhooks", headers=alice).json()[0]["id"]
    server.names.clear()
    assert register("http://203.0.113.8/") == (409, "webhook_exists")
    assert register(SLOW, {}) == (401, "not_authenticated")
    moved = client.patch(f"/api/v1/webhooks/{hook}", json={"url": SLOW}, headers=headers_of("bob"))
    assert moved.status_code == 404
    assert (
        client.patch(f"/api/v1/webhooks/{hook}", json={"events": ["report.signed"]}, headers=alice).status_code == 200
    )
    assert not {name for name in server.names if name not in ("localhost", "127.0.0.1")}
