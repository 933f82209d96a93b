"""Each operation answers wrong requests with the right status, code and place; the document says which there are."""

from collections import Counter

import pytest
from fastapi.testclient import TestClient
from wrong_requests import NOT_THERE, Wrong, wrong_requests

from gateway.users.permissions import needed_permission

ENDS_LOGINS = {"POST /api/v1/auth/logout", "DELETE /api/v1/sessions"}


@pytest.fixture
def app(make_app):
    """A gateway that logs little: there are thousands of requests."""
    return make_app(log_level="ERROR", webhook_networks="203.0.113.0/24")


@pytest.fixture
def client(app):
    """A fault of the server is an answer, too."""
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def ask(client, alice, root, known, new_user, headers_of):
    """Sends a wrong request, as somebody who may call the operation."""
    new_user("pacs", role="service")
    headers = {"administer": root, "audit": root, "emergency": root, "node": headers_of("pacs")}
    stranger = TestClient(client.app, raise_server_exceptions=False)

    def send(wrong: Wrong):
        need = needed_permission(wrong.method, wrong.path)
        path = wrong.path
        for name in {part[1:-1] for part in wrong.path.split("/") if part.startswith("{")}:
            path = path.replace(f"{{{name}}}", wrong.named.get(name) or known.get(name, "none"))
        sent = dict(wrong.sent)
        who = {} if need == "public" or path == "/api/v1/diagnose" else headers.get(need, alice)
        return stranger.request(wrong.method, path, headers={**who, **sent.pop("headers", {})}, **sent)

    return send


def faults_of(wrong: Wrong, answer, *, there: bool) -> list[str]:
    """What is wrong with the answer to a wrong request.

    Args:
        wrong: The request.
        answer: The answer.
        there: Whether what the path names is there.
    """
    if not answer.headers.get("content-type", "").startswith("application/problem+json"):
        return [f"{answer.status_code} is no problem document: {answer.text[:60]}"]
    problem = answer.json()
    said = (answer.status_code, problem["code"])
    if said == NOT_THERE and not there:
        return []
    if answer.status_code >= 500 or (wrong.answers and said not in wrong.answers):
        return [f"{said}, not {wrong.answers}"]
    errors = problem.get("errors", [])
    if wrong.parameter is not None and wrong.parameter not in [e.get("parameter") for e in errors]:
        return [f"does not name {wrong.parameter}: {errors}"]
    pointers = [e.get("pointer", "") for e in errors]
    if wrong.pointer is not None and not any(f"{p}/".startswith(f"{wrong.pointer}/") for p in pointers):
        return [f"does not point to {wrong.pointer}: {pointers}"]
    return []


def test_every_wrong_request_is_refused_as_it_should_be(client, ask, known):
    def is_there(wrong: Wrong) -> bool:
        return {part[1:-1] for part in wrong.path.split("/") if part.startswith("{")} <= {*known, *wrong.named}

    document = client.get("/api/v1/openapi.json").json()
    sent, faults = Counter[str](), list[str]()
    for wrong in wrong_requests(document):
        name = f"{wrong.method} {wrong.path}"
        if name in ENDS_LOGINS and wrong.what not in ("unknown parameter", "method"):
            continue
        faults += [f"{name}, {wrong.what}: {fault}" for fault in faults_of(wrong, ask(wrong), there=is_there(wrong))]
        sent[name] += 1
    assert faults == [], "\n".join(faults)
    assert len(sent) > 150
    assert sent.total() > 1000
