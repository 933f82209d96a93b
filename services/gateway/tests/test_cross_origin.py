"""Pages of other origins: only those that `LOBULE_CORS_ORIGINS` names, and never with the portal's cookie."""

import pytest
from fastapi.testclient import TestClient

from gateway.cross_origin import parse_origins

VIEWER = "https://viewer.example"


@pytest.fixture
def open_to_viewer(make_app):
    with TestClient(make_app(cors_origins=f"{VIEWER}, http://localhost:3000")) as client:
        yield client


def test_a_named_origin_may_ask_and_read(open_to_viewer):
    asked = open_to_viewer.options(
        "/api/v1/images",
        headers={
            "Origin": VIEWER,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, if-match",
        },
    )
    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == VIEWER
    answer = open_to_viewer.get("/api/v1/jobs", headers={"Origin": VIEWER})
    assert answer.headers["access-control-allow-origin"] == VIEWER
    assert "ETag" in answer.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(("origin", "path"), [("https://evil.example", "/api/v1/jobs"), (VIEWER, "/login")])
def test_other_origins_and_the_portal_stay_closed(open_to_viewer, origin, path):
    assert "access-control-allow-origin" not in open_to_viewer.get(path, headers={"Origin": origin}).headers


def test_by_default_no_origin_is_allowed(client):
    assert "access-control-allow-origin" not in client.get("/api/v1/jobs", headers={"Origin": VIEWER}).headers


@pytest.mark.parametrize(
    "text", ["*", "viewer.example", "https://viewer.example/path", "ftp://viewer.example", "https://"]
)
def test_what_is_no_origin_is_refused(text):
    with pytest.raises(ValueError, match="is no origin"):
        parse_origins(text)
