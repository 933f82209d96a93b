"""A request with an `Idempotency-Key` is carried out once."""

import threading

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from gateway.clock import now
from gateway.idempotency import repository
from gateway.idempotency.models import KeyedRequest
from gateway.idempotency.service import KEPT_FOR

NEW = {"pseudonym": "P-1"}


@pytest.fixture
def app(app_on_each_database):
    return app_on_each_database


@pytest.fixture
def send(client: TestClient, alice):
    """Opens a case under a key."""

    def post(key: str = "first", headers=alice, path: str = "/api/v1/cases", **body):
        return client.post(path, headers=headers | {"Idempotency-Key": key}, json=body or NEW)

    return post


def cases(client, headers) -> int:
    return len(client.get("/api/v1/cases", headers=headers).json()["items"])


def test_the_same_request_is_answered_again(client, alice, send, bearer_of):
    first = send()
    for headers in (alice, bearer_of("alice")):  # the login is another one after a token was renewed
        again = send(headers=headers)
        assert (again.status_code, again.json()) == (201, first.json())
        assert again.headers["Idempotency-Replayed"] == "true"
        assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert "Idempotency-Replayed" not in first.headers
    assert cases(client, alice) == 1


def test_another_key_another_user_and_none_are_other_requests(client, alice, send, headers_of):
    bob = headers_of("bob")
    ids = {send().json()["id"], send("second").json()["id"], send(headers=bob).json()["id"]}
    ids |= {client.post("/api/v1/cases", headers=alice, json=NEW).json()["id"] for _ in range(2)}
    assert len(ids) == 5


def test_a_key_is_of_one_request(client, alice, send):
    send()
    for reused in (send(pseudonym="P-2"), send(path="/api/v1/views", name="n", query="q=x")):
        assert (reused.status_code, reused.json()["code"]) == (422, "key_reused")
    for bad in ("", "k" * 256, "\t"):
        refused = send(bad)
        assert (refused.status_code, refused.json()["code"]) == (400, "key_invalid"), bad
    assert cases(client, alice) == 1


def test_what_was_refused_may_be_sent_again(client, alice, send):
    refused = [send(pseudonym=""), send(group_id="none", **NEW)]
    assert [each.status_code for each in refused] == [422, 404]
    assert send().status_code == 201


def test_a_lost_answer_is_said_and_nothing_is_done_twice(app, client, alice, send):
    send()
    with app.state.sessions.begin() as session:
        session.execute(update(KeyedRequest).values(status=None, body=None))  # the process died after the commit
    lost = send()
    assert (lost.status_code, lost.json()["code"]) == (409, "answer_lost")
    assert cases(client, alice) == 1


def test_secrets_are_not_kept_in_the_clear_and_nothing_for_long(app, client, alice, send):
    secret = send(path="/api/v1/tokens", name="mine").json()["secret"]
    assert send(path="/api/v1/tokens", name="mine").json()["secret"] == secret
    with app.state.sessions.begin() as session:
        row = session.query(KeyedRequest).one()
        assert secret not in row.body
        row.created_at = now() - KEPT_FOR
    send("second")
    with app.state.sessions() as session:
        assert [row.key for row in session.query(KeyedRequest)] == ["second"]


def test_a_refusal_that_comes_late_is_not_the_answer_of_the_retry(app, client, alice, send):
    user_id = client.get("/api/v1/users/me", headers=alice).json()["id"]
    with app.state.sessions.begin() as session:
        noted_at = repository.add(session, user_id, "first", "0" * 64)
        session.rollback()  # the request is refused
    carried_out = send()
    with app.state.sessions.begin() as session:
        repository.keep_response(session, repository.RequestKey(user_id, "first", noted_at), 422, {}, "refused")
    again = send()
    assert (again.status_code, again.json()) == (201, carried_out.json())
    assert again.headers["Idempotency-Replayed"] == "true"


def test_an_api_token_is_not_given_what_its_owner_was_answered(send):
    asked = {"path": "/api/v1/tokens", "name": "mine", "scopes": ["read", "write"]}
    created = send(**asked)
    refused = send(headers={"Authorization": f"Bearer {created.json()['secret']}"}, **asked)
    assert (refused.status_code, refused.json()["code"]) == (422, "key_reused")


def test_two_at_once_are_carried_out_once(client, alice, send):
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(send())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cases(client, alice) == 1
    said = {answer.status_code if answer.status_code == 201 else answer.json()["code"] for answer in answers}
    assert 201 in said
    assert said <= {201, "answer_lost"}, "one that comes before the first is answered is told so"


def test_the_document_names_it_where_it_is_honoured(client):
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    named = {
        f"{method} {path}"
        for path, operations in paths.items()
        for method, operation in operations.items()
        if any(p["name"] == "idempotency-key" for p in operation.get("parameters", ()))
    }
    assert {"post /api/v1/cases", "patch /api/v1/cases/{case_id}", "post /api/v1/webhooks"} <= named
    assert not {name for name in named if not name.startswith(("post /api/v1/", "patch /api/v1/"))}
    assert not {"post /api/v1/images", "post /api/v1/auth/token", "post /api/v1/sample-case"} & named
