"""Addresses that no webhook may have, and those that a setting allows."""

import pytest
from fastapi.testclient import TestClient

from gateway.networks import parse_networks
from gateway.webhooks.addresses import ForbiddenAddressError, resolve


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost:6379/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://169.254.169.254/latest/meta-data",
        "http://10.1.2.3/",
        "http://192.168.0.1/",
        "http://0.0.0.0/",
        "http://224.0.0.1/",
        "http://100.64.0.1/",
        "http://nowhere.invalid/",
    ],
)
def test_what_is_private_is_refused(url):
    with pytest.raises(ForbiddenAddressError):
        resolve(url, [])


def test_what_is_allowed_and_what_is_public():
    assert resolve("http://10.1.2.3:8080/x", parse_networks("10.1.0.0/16")) == "10.1.2.3"
    assert resolve("https://8.8.8.8/", []) == "8.8.8.8"


def test_refused_by_the_api(make_app):
    with TestClient(make_app()) as client:
        grant = {"username": "alice", "password": "correct horse battery staple"}
        token = client.post("/api/v1/auth/token", json=grant).json()["access_token"]
        answer = client.post(
            "/api/v1/webhooks", headers={"Authorization": f"Bearer {token}"}, json={"url": "http://127.0.0.1/"}
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "webhook_address_forbidden")
