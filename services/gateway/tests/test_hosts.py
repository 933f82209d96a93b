"""No redirect is built from the Host header, and the page about the API loads nothing from another host."""

import re

import pytest


@pytest.mark.parametrize(
    "path", ["/", "/login", "/cases", "/api", "/api/docs", "/api/v1/cases/", "/login/", "/nothing"]
)
def test_no_redirect_is_built_from_the_host_header(client, path):
    answer = client.get(path, headers={"Host": "attacker.example"}, follow_redirects=False)
    assert answer.status_code < 500
    assert "attacker.example" not in str(answer.headers)


def test_the_page_about_the_api_loads_nothing_from_elsewhere(client, cookie_of):
    client.cookies.set(*cookie_of("alice"))
    page = client.get("/api/docs")
    assert (page.status_code, page.url.path) == (200, "/api")
    loaded = re.findall(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="([^"]+)"', page.text)
    assert [address for address in loaded if not re.match(r"/[^/]|data:|#", address)] == []
    assert any(".js" in address for address in loaded)
