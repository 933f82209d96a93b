"""A webhook's receiver that never ends its answer delays its own messages alone, each for a bounded time."""

import socket
import threading
import time
from collections import Counter
from datetime import datetime, timedelta

import pytest

from gateway.clock import now
from gateway.webhooks import deliverer
from gateway.webhooks.models import Delivery


class Receiver:
    """Answers each request at once, or with a header that goes on for ever."""

    def __init__(self, *, drips: bool) -> None:
        self.asked, self._drips = 0, drips
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}/hook"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self.asked += 1
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 204 No Content\r\nX-Drip: ")
            try:
                while self._drips:
                    connection.sendall(b"a")
                    time.sleep(0.05)
                connection.sendall(b"no\r\n\r\n")
            except OSError:
                pass  # the sender has enough


@pytest.fixture
def receivers():
    both = Receiver(drips=True), Receiver(drips=False)
    yield both
    for receiver in both:
        receiver.close()


@pytest.fixture
def app(make_app, monkeypatch):
    monkeypatch.setattr(deliverer, "TIMEOUT_S", 2.0)
    return make_app(webhook_networks="127.0.0.0/8", webhook_every_s=3600)


@pytest.fixture
def messages(app, client, alice, headers_of, receivers):
    """Seven messages for a receiver that drips, then one for another user's that does not."""

    def hook(headers, receiver):
        made = client.post("/api/v1/webhooks", headers=headers, json={"url": receiver.url})
        return made.json()["id"]

    slow, quick = hook(alice, receivers[0]), hook(headers_of("bob"), receivers[1])
    with app.state.sessions.begin() as session:
        for number, webhook in enumerate([slow] * 7 + [quick]):
            due = now() - timedelta(seconds=100 - number)
            session.add(Delivery(webhook_id=webhook, job_id=str(number), payload={"number": number}, next_at=due))
    return slow, quick


def states(app, webhook):
    with app.state.sessions() as session:
        return Counter(each.state for each in session.query(Delivery).filter_by(webhook_id=webhook))


def test_a_receiver_that_drips_holds_up_nobody_else(app, messages, receivers):
    slow, quick = messages
    sending = threading.Thread(target=app.state.deliverer.send_due)
    started = time.monotonic()
    sending.start()
    while not states(app, quick)["delivered"]:
        assert time.monotonic() - started < 60
        time.sleep(0.02)
    assert sending.is_alive(), "the slow one is still being waited for"
    assert receivers[0].asked <= deliverer.OF_EACH
    sending.join()
    assert receivers[0].asked == deliverer.OF_EACH, "the others of its messages are left for the next round"
    assert states(app, slow) == {"pending": 7}
    with app.state.sessions() as session:
        tried = [each for each in session.query(Delivery).filter_by(webhook_id=slow) if each.attempts]
    assert {each.last_error for each in tried} == {"no answer within 2 seconds"}


def test_a_name_server_that_does_not_answer_is_waited_for_no_longer(app, messages, receivers, monkeypatch):
    slow, quick = messages
    answers, ended, resolve = threading.Event(), threading.Event(), deliverer.resolve

    def look_up(url, allowed):
        if url == receivers[0].url:
            answers.wait(30)
            ended.set()
        return resolve(url, allowed)

    monkeypatch.setattr(deliverer, "resolve", look_up)
    monkeypatch.setattr(deliverer, "OF_EACH", 1)
    try:
        assert app.state.deliverer.send_due() == 2
        assert not ended.is_set()
        assert not answers.is_set()
        assert states(app, quick) == {"delivered": 1}
        with app.state.sessions() as session:
            [tried] = [each for each in session.query(Delivery).filter_by(webhook_id=slow) if each.attempts]
        assert tried.last_error == "no answer within 2 seconds"
    finally:
        answers.set()


def test_messages_of_a_receiver_that_is_being_waited_for_are_not_taken(app, messages):
    app.state.deliverer._busy.add(messages[0])
    assert app.state.deliverer.send_due() == 1
    assert app.state.deliverer._busy == {messages[0]}


def test_one_that_is_asked_for_again_while_it_is_sent_is_sent_at_once(app, client, alice, receivers, monkeypatch):
    place = "/api/v1/webhooks"
    made = client.post(place, headers=alice, json={"url": receivers[1].url}).json()["id"]
    client.post(f"{place}/{made}/test", headers=alice)

    async def fail(_delivery):
        assert client.post(f"{place}/{made}/test", headers=alice).status_code == 202
        return 500, "status 500"

    monkeypatch.setattr(app.state.deliverer, "_send", fail)
    assert app.state.deliverer.send_due() == 1
    [again] = client.get(f"{place}/{made}/deliveries", headers=alice).json()
    assert datetime.fromisoformat(again["next_at"]) <= now()
    monkeypatch.undo()
    assert app.state.deliverer.send_due() == 1
    assert states(app, made) == {"delivered": 1}
