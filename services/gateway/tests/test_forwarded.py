"""Whose a request is that proxies forward."""

from pathlib import Path

import pytest
import yaml
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from pydantic import ValidationError

from gateway.forwarded import ForwardedRequests
from gateway.networks import parse_proxies
from gateway.settings import GatewaySettings

ROOT = Path(__file__).parents[3]
CLIENT, CHOSEN, BALANCER, PROXY = "192.0.2.7", "203.0.113.1", "10.0.0.5", "10.0.0.6"

app = FastAPI()


@app.get("/")
def who(request: Request) -> list[str]:
    return [request.client.host, request.url.scheme]


def asked(proxies: str, *forwarded: str, peer: str = PROXY, scheme: str | None = None) -> list[str]:
    client = TestClient(ForwardedRequests(app, parse_proxies(proxies)), client=(peer, 4711))
    headers = [("X-Forwarded-For", entries) for entries in forwarded]
    return client.get("/", headers=headers + ([("X-Forwarded-Proto", scheme)] if scheme else [])).json()


def client_of(proxies: str, *forwarded: str, peer: str = PROXY) -> str:
    return asked(proxies, *forwarded, peer=peer)[0]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "client"),
    [
        ("1", [f"{CHOSEN}, {CLIENT}"], CLIENT),
        ("1", [CHOSEN, CLIENT], CLIENT),  # in a header of its own
        ("2", [f"{CHOSEN}, {CLIENT}, {BALANCER}"], CLIENT),
        ("2", [CLIENT], CLIENT),  # the balancer was bypassed
        ("10.0.0.0/8", [f"{CHOSEN}, {CLIENT}, {BALANCER}"], CLIENT),
        ("10.0.0.6", [f"{CHOSEN}, {CLIENT}, {BALANCER}"], BALANCER),
        ("1", [f"{CHOSEN}, {CLIENT}:4711"], CLIENT),
        ("1", [f"{CHOSEN}, [2001:db8::7]:4711"], "2001:db8::7"),
        ("1", [f"{CHOSEN}, unknown"], PROXY),
        ("1", [f"{CHOSEN}, fe80::1%{'x' * 300}"], PROXY),  # longer than the column of the audit log
        ("2", [f"{CHOSEN}, unknown, {BALANCER}"], BALANCER),
        ("1", [""], PROXY),
        ("1", [], PROXY),
    ],
)
def test_the_client_is_whom_the_farthest_trusted_proxy_names(proxies, forwarded, client):
    assert client_of(proxies, *forwarded) == client


@pytest.mark.parametrize("proxies", ["", "0", "192.0.2.1"])
def test_nobody_else_is_believed(proxies):
    assert asked(proxies, CHOSEN, scheme="https") == [PROXY, "http"]


@pytest.mark.parametrize(("said", "scheme"), [("https", "https"), ("http, https", "https"), ("gopher", "http")])
def test_the_scheme_is_what_the_nearest_proxy_says(said, scheme):
    assert asked("1", scheme=said) == [PROXY, scheme]


@pytest.mark.parametrize("header", ["Forwarded", "X-Real-IP", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP"])
def test_other_headers_tell_nothing(header):
    client = TestClient(ForwardedRequests(app, 1), client=(PROXY, 4711))
    assert client.get("/", headers={header: f"for={CHOSEN}" if header == "Forwarded" else CHOSEN}).json()[0] == PROXY


def test_clients_choose_no_address_in_compose_or_kubernetes():
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    [base] = yaml.safe_load((ROOT / "k8s/base/kustomization.yaml").read_text("utf-8"))["configMapGenerator"]
    in_pods = dict(literal.split("=", 1) for literal in base["literals"])
    for variables in (compose["services"]["gateway"]["environment"], in_pods):
        assert client_of(variables["LOBULE_TRUSTED_PROXIES"], f"{CHOSEN}, {CLIENT}") == CLIENT


@pytest.mark.parametrize("proxies", ["10.0.0.1/8", "proxy", "127.0.0.1 10.0.0.1", "*", "-1"])
def test_proxies_that_would_be_trusted_for_nothing_or_for_everything(proxies):
    needed = {"database_url": "sqlite:///x", "redis_url": "redis://x", "object_store_url": "file:///x"}
    secrets = {"internal_token": "x" * 32, "secret_key": "x" * 32}
    with pytest.raises(ValidationError, match="trusted_proxies"):
        GatewaySettings(**needed, **secrets, trusted_proxies=proxies)
