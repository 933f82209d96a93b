"""Webhooks: made, told, told again, and never sent where they must not go."""

import http.server
import json
import threading
from datetime import timedelta

import pytest
from signed_apart import APART
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from gateway.clock import now
from gateway.users.models import User
from gateway.webhooks import deliverer, repository
from gateway.webhooks.deliverer import PAUSES_S
from gateway.webhooks.models import Delivery, Webhook


class Receiver:
    """Another system: notes what it is told, and answers as it is told to."""

    def __init__(self) -> None:
        self.status, self.messages, self.paths = 200, [], []
        self.meanwhile = lambda: None
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.paths.append(self.path)
                receiver.messages.append(({name.lower(): value for name, value in self.headers.items()}, body))
                receiver.meanwhile()
                self.send_response(receiver.status)
                self.send_header("Location", "http://127.0.0.1:1/")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.url = f"http://localhost:{self.port}/hook?from=lobule"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture
def app(make_app):
    """A gateway whose loop we turn by hand, and which may speak to this machine."""
    return make_app(
        webhook_networks="127.0.0.0/8, ::1/128, 192.0.2.0/24",
        webhook_every_s=3600,
        public_url="https://lobule.example/",
    )


@pytest.fixture
def webhook(client, alice, receiver) -> dict:
    answer = client.post("/api/v1/webhooks", headers=alice, json={"url": receiver.url})
    assert answer.status_code == 201, answer.text
    return answer.json()


def deliveries(client, alice, webhook) -> list[dict]:
    return client.get(f"/api/v1/webhooks/{webhook['id']}/deliveries", headers=alice).json()


def due_now(app) -> None:
    with app.state.sessions.begin() as session:
        for delivery in session.query(Delivery):
            delivery.next_at = now() - timedelta(seconds=1)


class TestMeanwhile:
    """Two messages are taken together; while the first is sent, the webhook is deleted or changed."""

    @pytest.fixture
    def at_first(self, app, webhook, receiver):
        with app.state.sessions.begin() as session:
            for _ in range(2):
                session.add(Delivery(webhook_id=webhook["id"], job_id="", payload={"type": "x"}, next_at=now()))

        def then(change) -> None:
            def once() -> None:
                receiver.meanwhile = lambda: None
                with app.state.sessions.begin() as session:
                    change(session, session.get(Webhook, webhook["id"]))

            receiver.meanwhile = once
            app.state.deliverer.send_due()

        return then

    def test_nothing_is_sent_to_a_deleted_webhook(self, receiver, at_first):
        at_first(repository.delete)
        assert len(receiver.messages) == 1

    def test_nothing_is_sent_for_a_user_who_was_deactivated(self, receiver, at_first):
        at_first(lambda session, webhook: setattr(session.get(User, webhook.owner_id), "active", False))
        assert len(receiver.messages) == 1

    def test_the_next_message_goes_to_the_new_address(self, receiver, at_first):
        at_first(lambda _session, webhook: setattr(webhook, "url", receiver.url.replace("/hook", "/other")))
        assert [path.partition("?")[0] for path in receiver.paths] == ["/hook", "/other"]


def test_no_more_webhooks_are_taken_than_threads_are_idle(app, client, alice, receiver, monkeypatch):
    monkeypatch.setattr(deliverer, "RECEIVERS_AT_ONCE", 2)
    for number in range(3):
        made = client.post("/api/v1/webhooks", headers=alice, json={"url": f"{receiver.url}&number={number}"}).json()
        client.post(f"/api/v1/webhooks/{made['id']}/test", headers=alice)
    app.state.deliverer._busy.add("another")
    assert [app.state.deliverer.send_due() for _ in range(4)] == [1, 1, 1, 0]
    assert len(set(receiver.paths)) == 3


class TestDelivery:
    def test_a_proxy_is_given_the_address_that_was_checked(
        self, app, client, alice, receiver, worker, job, monkeypatch
    ):
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{receiver.port}")
        answer = client.post("/api/v1/webhooks", headers=alice, json={"url": "http://192.0.2.9/hook"})
        assert answer.status_code == 201, answer.text
        worker.infer(job)
        worker.render(job)
        assert app.state.deliverer.send_due() == 1
        assert receiver.paths == ["http://192.0.2.9/hook"]

    def test_the_next_address_is_tried_where_one_cannot_be_reached(
        self, app, client, alice, receiver, webhook, monkeypatch
    ):
        """As with a receiver that has an IPv6 address but does not listen there."""
        found = [(0, 0, 0, "", (address, receiver.port)) for address in ("127.9.9.9", "127.0.0.1")]
        monkeypatch.setattr("socket.getaddrinfo", lambda *_given, **_more: found)
        client.post(f"/api/v1/webhooks/{webhook['id']}/test", headers=alice)
        assert app.state.deliverer.send_due() == 1
        assert len(receiver.messages) == 1

    def test_a_finished_job_is_told_once_and_signed(self, app, client, alice, webhook, receiver, worker, job):
        worker.infer(job)
        assert app.state.deliverer.send_due() == 0, "the report is still to come"
        worker.render(job)
        assert app.state.deliverer.send_due() == 1
        assert app.state.deliverer.send_due() == 0
        ((headers, body),) = receiver.messages
        message = json.loads(body)
        assert message["type"] == "job.finished"
        assert (message["data"]["id"], message["data"]["state"]) == (job, "done")
        assert message["links"]["report"] == f"https://lobule.example/api/v1/jobs/{job}/report"
        assert headers["host"] == f"localhost:{receiver.port}"
        assert Verifier(webhook["secret"]).verify(body, headers) == message
        with pytest.raises(WebhookVerificationError):
            Verifier(webhook["secret"]).verify(body.replace(b"done", b"dead"), headers)
        (delivery,) = deliveries(client, alice, webhook)
        assert (delivery["state"], delivery["attempts"], delivery["last_status"]) == ("delivered", 1, 200)

    def test_a_cancelled_job_is_told_too(self, app, client, alice, webhook, receiver, job):
        assert client.post(f"/api/v1/jobs/{job}/cancel", headers=alice).status_code == 200
        app.state.deliverer.send_due()
        message = json.loads(receiver.messages[0][1])
        assert message["data"]["state"] == "cancelled"
        assert "report" not in message["links"]

    def test_others_are_told_nothing(self, app, headers_of, client, receiver, job, alice):
        client.post("/api/v1/webhooks", headers=headers_of("bob"), json={"url": receiver.url})
        client.post(f"/api/v1/jobs/{job}/cancel", headers=alice)
        assert app.state.deliverer.send_due() == 0

    @pytest.mark.parametrize("status", [302, 404, 500])
    def test_what_does_not_arrive_is_tried_again_later(self, app, client, alice, webhook, receiver, job, status):
        receiver.status = status
        client.post(f"/api/v1/jobs/{job}/cancel", headers=alice)
        assert app.state.deliverer.send_due() == 1
        assert app.state.deliverer.send_due() == 0, "not at once"
        (delivery,) = deliveries(client, alice, webhook)
        assert (delivery["state"], delivery["last_status"]) == ("pending", status)
        receiver.status = 204
        due_now(app)
        app.state.deliverer.send_due()
        assert deliveries(client, alice, webhook)[0]["state"] == "delivered"
        assert receiver.messages[0][0]["webhook-id"] == receiver.messages[1][0]["webhook-id"], "the same message"

    def test_it_is_given_up_at_last_and_can_be_asked_for_again(self, app, client, alice, webhook, receiver, job):
        receiver.server.server_close()
        client.post(f"/api/v1/jobs/{job}/cancel", headers=alice)
        for _ in range(len(PAUSES_S) + 1):
            due_now(app)
            assert app.state.deliverer.send_due() == 1
        (delivery,) = deliveries(client, alice, webhook)
        assert delivery["state"] == "failed"
        assert delivery["last_error"]
        again = client.post(f"/api/v1/webhooks/{webhook['id']}/deliveries/{delivery['id']}/retry", headers=alice)
        assert (again.status_code, again.json()["state"], again.json()["attempts"]) == (200, "pending", 0)

    def test_a_crash_between_taking_and_sending_loses_nothing(self, app, webhook, client, alice, receiver, job):
        client.post(f"/api/v1/jobs/{job}/cancel", headers=alice)
        with app.state.sessions.begin() as session:
            assert len(repository.take_due(session, timedelta(seconds=60), 4, 10, 10)) == 1  # and then the process dies
        due_now(app)  # the lease is over
        assert app.state.deliverer.send_due() == 1


class TestEndpoints:
    def test_the_secret_is_shown_once(self, client, alice, webhook):
        (listed,) = client.get("/api/v1/webhooks", headers=alice).json()
        assert set(listed) == {"id", "url", "events", "created_at"}
        assert webhook["secret"].startswith("whsec_")

    def test_another_users_webhook_is_not_there(self, client, headers_of, webhook):
        bob = headers_of("bob")
        assert client.delete(f"/api/v1/webhooks/{webhook['id']}", headers=bob).status_code == 404
        assert client.get("/api/v1/webhooks", headers=bob).json() == []

    def test_it_is_read_changed_and_tested(self, app, client, alice, webhook, receiver):
        address = f"/api/v1/webhooks/{webhook['id']}"
        assert client.get(address, headers=alice).json()["url"] == webhook["url"]
        url = receiver.url + "&again=yes"
        assert client.patch(address, headers=alice, json={"url": url}).json()["url"] == url
        sent = client.post(f"{address}/test", headers=alice)
        assert (sent.status_code, sent.json()["state"]) == (202, "pending")
        app.state.deliverer.send_due()
        ((headers, body),) = receiver.messages
        assert Verifier(webhook["secret"]).verify(body, headers)["type"] == "webhook.test"
        assert [delivery["state"] for delivery in deliveries(client, alice, webhook)] == ["delivered"]
        refused = client.patch(address, headers=alice, json={"url": "http://169.254.169.254/"})
        assert refused.json()["code"] == "webhook_address_forbidden"

    def test_one_test_message_waits_at_most(self, client, alice, webhook, root):
        address = f"/api/v1/webhooks/{webhook['id']}"
        first, again = (client.post(f"{address}/test", headers=alice).json()["id"] for _ in range(2))
        assert again == first
        assert client.post(f"{address}/deliveries/{first}/retry", headers=alice).status_code == 200
        assert len(deliveries(client, alice, webhook)) == 1
        for action, count in (("webhook.test", 2), ("webhook.retry", 1)):
            found = client.get("/api/v1/audit", params={"action": action}, headers=root).json()["items"]
            assert len(found) == count, action

    def test_an_address_has_one(self, client, alice, webhook, receiver, headers_of):
        other = client.post("/api/v1/webhooks", headers=alice, json={"url": receiver.url + "&other=yes"}).json()["id"]
        for again in (
            client.post("/api/v1/webhooks", headers=alice, json={"url": receiver.url}),
            client.patch(f"/api/v1/webhooks/{other}", headers=alice, json={"url": receiver.url}),
        ):
            assert (again.status_code, again.json()["code"]) == (409, "webhook_exists")
        here = f"/api/v1/webhooks/{webhook['id']}"
        assert client.patch(here, headers=alice, json={"url": receiver.url}).status_code == 200
        bob = client.post("/api/v1/webhooks", headers=headers_of("bob"), json={"url": receiver.url})
        assert bob.status_code == 201

    def test_it_is_told_of_the_events_that_it_names(self, app, client, alice, webhook, receiver, case, upload, worker):
        here = f"/api/v1/webhooks/{webhook['id']}"
        assert webhook["events"] == ["job.finished"]
        for events in ([], ["job.started"], None):
            refused = client.post(
                "/api/v1/webhooks", headers=alice, json={"url": "http://localhost/", "events": events}
            )
            assert refused.json()["code"] == "invalid_request"
        changed = client.patch(here, headers=alice, json={"events": ["report.signed"]}).json()
        assert (changed["url"], changed["events"]) == (webhook["url"], ["report.signed"])
        job = upload(case_id=case).json()["job"]["id"]
        worker.infer(job)
        worker.render(job)
        assert app.state.deliverer.send_due() == 0
        assert client.post(f"/api/v1/cases/{case}/reports", headers=alice, json=APART).status_code == 201
        assert app.state.deliverer.send_due() == 1
        message = json.loads(receiver.messages[0][1])
        assert (message["type"], message["data"]["case_id"], message["data"]["version"]) == ("report.signed", case, 1)
        assert message["links"]["report"] == f"https://lobule.example/api/v1/cases/{case}/reports/1"
        assert [(each["type"], each["job_id"]) for each in deliveries(client, alice, webhook)] == [
            ("report.signed", "")
        ]

    def test_delete(self, app, client, alice, webhook, job):
        client.post(f"/api/v1/jobs/{job}/cancel", headers=alice)
        assert client.delete(f"/api/v1/webhooks/{webhook['id']}", headers=alice).status_code == 204
        assert app.state.deliverer.send_due() == 0

    def test_not_too_many(self, client, alice, receiver):
        urls = [f"{receiver.url}&number={number}" for number in range(11)]
        codes = [client.post("/api/v1/webhooks", headers=alice, json={"url": url}) for url in urls]
        assert [answer.status_code for answer in codes] == [201] * 10 + [409]
        assert codes[-1].json()["code"] == "too_many_webhooks"

    @pytest.mark.parametrize("url", ["ftp://example.org/", "http://", "javascript:alert(1)", "http://[", 7])
    def test_no_address_of_the_web(self, client, alice, url):
        assert client.post("/api/v1/webhooks", headers=alice, json={"url": url}).status_code == 422

    def test_a_name_that_leads_elsewhere_later_is_refused_then(self, app, client, alice, webhook, job):
        app.state.deliverer._allowed = []
        client.post(f"/api/v1/jobs/{job}/cancel", headers=alice)
        app.state.deliverer.send_due()
        assert "private address" in deliveries(client, alice, webhook)[0]["last_error"]
