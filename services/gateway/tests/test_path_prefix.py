"""The gateway below a path of a host that others use, too."""

import re

import pytest
from fastapi.testclient import TestClient
from played_worker import INTERNAL
from pydantic import ValidationError

from gateway.portal.scripts import WEB
from gateway.serving import served
from gateway.settings import GatewaySettings

ADDRESS = re.compile(r"""["'`]/(?:api|cases|jobs|static|words|login|logout|new|help|admin|account|language)["'`/?#]""")
ROOT = re.compile(r"""(?:href|action|src)="/["?]""")


@pytest.fixture
def below(app, client, cookie_of):
    """A client of the same gateway below `/lobule`, logged in as a clinician."""
    inside = TestClient(served(app, None, "/lobule"), follow_redirects=False)
    inside.cookies.set(*cookie_of("alice"))
    return inside


@pytest.mark.parametrize("page", ["/", "/new", "/jobs", "/help", "/models", "/account", "/api"])
def test_no_page_names_an_address_outside(below, page):
    answer = below.get(f"/lobule{page}")
    assert answer.status_code == 200, answer.text
    assert ADDRESS.search(answer.text) is None
    assert ROOT.search(answer.text) is None
    assert 'href="/lobule/' in answer.text
    assert len(answer.content) == int(answer.headers["content-length"])
    assert below.head(f"/lobule{page}").content == b""


def test_no_script_or_sheet_names_an_address_outside(below):
    for path in [*WEB.rglob("*.js"), *WEB.rglob("*.css")]:
        name = path.relative_to(WEB).as_posix()
        text = below.get(f"/lobule/static/{name}").text
        assert ADDRESS.search(text) is None, name
        assert not re.search(r"""assign\((?:[^)]*[:?] )?['"]/['"]""", text), name
    assert "'/lobule/static/reading/page.js'" in below.get("/lobule/static/reading/signing.js?of=reading/page.js").text


def test_a_login_stays_below_and_leads_back(below):
    below.cookies.clear()
    answer = below.get("/lobule/cases/1?side=L")
    assert answer.headers["location"].startswith("/lobule/login?next=/")
    assert below.get("/lobule").headers["location"].startswith("/lobule/login")
    form = below.get(answer.headers["location"]).text
    assert 'action="/lobule/login"' in form


def test_the_api_is_answered_with_and_without_the_path(below):
    for path in ("/lobule/api/v1/users/me", "/api/v1/users/me"):
        assert below.get(path).json()["username"] == "alice"
    assert below.get("/lobule/healthz").json() == {"status": "ok"}
    assert below.get("/lobuleother/healthz").status_code == 404


def test_links_to_further_pages_lie_below(below, client, alice):
    for number in range(3):
        client.post("/api/v1/cases", headers=alice, json={"pseudonym": f"P-{number}"})
    answer = below.get("/lobule/api/v1/cases", params={"limit": 1}, headers=alice)
    assert answer.headers["link"].startswith("</lobule/api/v1/cases?")
    assert below.get(answer.headers["link"][1:].partition(">")[0], headers=alice).status_code == 200


def test_what_is_internal_is_not_served_below_the_path(below):
    """`lobule up` has one port, whose web server may publish the path and refuse `/internal/` and `/metrics` alone."""
    assert below.get("/metrics").status_code == 200
    for path in ("/lobule/metrics", "/lobule/metrics/", "/lobule/internal/v1/queues/histo/claim"):
        assert below.get(path).status_code == 404, path
    claim = below.post("/lobule/internal/v1/queues/histo/claim", headers={"Authorization": f"Bearer {INTERNAL}"})
    assert claim.status_code == 404


def test_what_is_internal_stays_on_its_port(app, client):
    outside = TestClient(served(app, 8001, "/lobule"))
    assert outside.get("/lobule/metrics").status_code == 404
    assert outside.get("/lobule/internal/v1/queues/histo/claim").status_code == 404
    assert outside.get("/lobule/login").status_code == 200


def test_path_and_public_address_agree():
    def make(path, url):
        needed = {"database_url": "sqlite:///x", "redis_url": "redis://x", "object_store_url": "file:///x"}
        secrets = {"internal_token": "x" * 32, "secret_key": "x" * 32}
        return GatewaySettings(**needed, **secrets, root_path=path, public_url=url)

    assert make("/lobule/", "https://h.example/lobule/").root_path == "/lobule"
    for path, url in [("/lobule", "https://h.example"), ("lobule", "https://h.example/lobule"), ("/a b", "x/a b")]:
        with pytest.raises(ValidationError, match="root_path"):
            make(path, url)
