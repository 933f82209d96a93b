"""Addresses that no webhook may have, and those that a setting allows."""

import socket

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
        "http://192.0.0.192/",
        "http://[::ffff:192.0.0.8]/",
        "http://168.63.129.16/",
        "http://nowhere.invalid/",
        "http://[64:ff9b::7f00:1]/",  # NAT64
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://[64:ff9b:1::a00:1]/",
        "http://[2002:7f00:1::]/",  # 6to4
        "http://[2002:c0a8:1::1]/",
        "http://[fec0::1]/",  # site-local
        "http://[fe80::1]/",
        "http://[fd00::1]/",
        "http://[::127.0.0.1]/",  # IPv4-compatible
        "http://[::ffff:0:127.0.0.1]/",
        "http://[2001::1]/",
    ],
)
def test_what_is_private_is_refused(url):
    with pytest.raises(ForbiddenAddressError):
        resolve(url, [])


def test_what_is_allowed_and_what_is_public():
    assert resolve("http://10.1.2.3:8080/x", parse_networks("10.1.0.0/16")) == ["10.1.2.3"]
    assert resolve("http://[::1]:8080/x", parse_networks("::1/128")) == ["::1"]
    for public in ("8.8.8.8", "2001:4860:4860::8888", "64:ff9b::808:808", "2002:808:808::1"):
        host = f"[{public}]" if ":" in public else public
        assert resolve(f"https://{host}/", []) == [public]


def test_addresses_keep_the_order_of_the_resolver(monkeypatch):
    """It puts those last to which there is no route: IPv6 in most containers."""
    found = [(0, 0, 0, "", (address, 443)) for address in ("93.184.215.14", "2606:4700::1111", "93.184.215.14")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_given, **_more: found)
    assert resolve("https://receiver.example/", []) == ["93.184.215.14", "2606:4700::1111"]


def test_a_password_in_an_address_is_refused(client, alice):
    """It would not be sent, and would be kept and shown in clear."""
    for credentials in ("anna:secret@", "anna@", ":secret@"):
        url = f"https://{credentials}receiver.example/"
        answer = client.post("/api/v1/webhooks", headers=alice, json={"url": url})
        assert (answer.status_code, answer.json()["code"]) == (422, "webhook_address_forbidden")
        assert "password" in answer.json()["detail"]


def test_what_is_wrong_is_said_once(client, alice):
    """The body is read before the transaction, too."""
    answer = client.post("/api/v1/webhooks", headers=alice, json={"url": "https://example.com/", "events": ["other"]})
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["pointer"]) == (422, "#/events/0")
    assert len(answer.json()["values"]["fields"]) == 1


def test_refused_by_the_api(make_app):
    with TestClient(make_app()) as client:
        grant = {"username": "alice", "password": "correct horse battery staple"}
        token = client.post("/api/v1/auth/token", json=grant).json()["access_token"]
        answer = client.post(
            "/api/v1/webhooks", headers={"Authorization": f"Bearer {token}"}, json={"url": "http://127.0.0.1/"}
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "webhook_address_forbidden")
