"""Steps of a browser's login at an OpenID provider."""

from urllib.parse import parse_qs, urlsplit

import httpx
from fastapi.testclient import TestClient


def to_provider(client: TestClient, path: str = "/login/oidc") -> str:
    """The address to which the provider returns the browser."""
    sent = client.get(path, follow_redirects=False)
    assert sent.status_code == 303
    back = httpx.get(sent.headers["location"], follow_redirects=False, verify=False)
    assert back.status_code == 302, back.text
    return back.headers["location"].removeprefix("http://testserver")


def enter(client: TestClient, path: str = "/login/oidc") -> str:
    """Log in through the provider; returns the address at which the browser ends."""
    return client.get(to_provider(client, path), follow_redirects=False).headers["location"]


def problem(location: str) -> str:
    return parse_qs(urlsplit(location).query).get("problem", [""])[0]


def me(client: TestClient) -> dict:
    return client.get("/api/v1/users/me").json()
