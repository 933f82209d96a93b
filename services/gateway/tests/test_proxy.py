"""The proxy's own configuration, run by nginx before a gateway below a path: addresses, sizes, compression, the log."""

import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import httpx
import numpy as np
import pytest
import uvicorn

from gateway.forwarded import ForwardedRequests
from gateway.serving import served
from lobule.imaging.decode import encode_png

PROXY = Path(__file__).parents[1] / "proxy"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def proxy(make_app, tmp_path):
    """nginx before a gateway below `/lobule`; who comes from 127.0.0.2 may say who it forwards for."""
    if NGINX is None:
        pytest.skip("nginx is not installed (apt-get install nginx-light)")
    app = make_app(root_path="/lobule", public_url="https://hospital.example/lobule")
    server = uvicorn.Server(
        uvicorn.Config(
            ForwardedRequests(served(app, None, "/lobule"), 1), log_config=None, access_log=False, proxy_headers=False
        )
    )
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    port, plain = free_port(), free_port()
    process = start_nginx(tmp_path, port, plain, listener.getsockname()[1])
    context = ssl.create_default_context(cafile=tmp_path / "tls_certificate")
    context.check_hostname = False
    try:
        with httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=context, timeout=30) as client:
            until(lambda: client.get("/lobule/healthz").status_code == 200)
            log = tmp_path / "access.log"
            yield SimpleNamespace(client=client, log=log, context=context, port=port, plain=plain, server=server)
    finally:
        process.terminate()
        process.wait(20)
        server.should_exit = True
        thread.join(20)


def start_nginx(folder: Path, port: int, plain: int, gateway: int) -> "subprocess.Popen[bytes]":
    """Run `start` with the configuration as it ships, but for its ports and folders."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1"]
    command += ["-keyout", folder / "tls_key", "-out", folder / "tls_certificate"]
    subprocess.run(command, check=True, capture_output=True)
    configuration = (PROXY / "nginx.conf").read_text()
    for ours, here in {
        "/tmp/": f"{folder}/",
        "/run/secrets/": f"{folder}/",
        "/dev/stdout": f"{folder}/access.log",
        "/dev/stderr": f"{folder}/error.log",
        "gateway:8000": f"127.0.0.1:{gateway}",
    }.items():
        assert ours in configuration
        configuration = configuration.replace(ours, here)
    (folder / "nginx.conf").write_text(configuration)
    script = (PROXY / "start").read_text().replace("8443", str(port)).replace("8080", str(plain))
    for old, new in ((f"listen-{port}", "listen-8443"), (f"listen-{plain}", "listen-8080")):
        configuration = configuration.replace(new, old)
    (folder / "nginx.conf").write_text(configuration)
    (folder / "bin").mkdir()
    shim = folder / "bin" / "nginx"
    shim.write_text(f'#!/bin/sh\nexec {NGINX} -c {folder}/nginx.conf -e {folder}/error.log "$@"\n')
    shim.chmod(0o755)
    environment = {
        "PATH": f"{shim.parent}:{os.environ['PATH']}",
        "LOBULE_PROXY_FOLDER": str(folder),
        "LOBULE_TRUSTED_PROXIES": "127.0.0.2, 10.0.0.0/8",
    }
    return subprocess.Popen(["sh", "-c", script], env=environment)


@pytest.mark.parametrize("balancers", ["1", "*"])
def test_balancers_are_named_by_their_addresses(tmp_path, balancers):
    """nginx takes a number for an address and starts, and then trusts nobody."""
    environment = {"PATH": os.environ["PATH"], "LOBULE_PROXY_FOLDER": str(tmp_path)}
    started = subprocess.run(
        ["sh", PROXY / "start"],
        env=environment | {"LOBULE_TRUSTED_PROXIES": balancers},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (started.returncode, "LOBULE_TRUSTED_PROXIES is wrong" in started.stderr) == (78, True)


def until(works, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if works():
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_proxy(proxy):
    client = proxy.client
    with_path(client)
    sizes(client)
    compression(client)
    addresses(proxy)
    plain = httpx.get(f"http://127.0.0.1:{proxy.plain}/lobule/")
    assert (plain.status_code, plain.headers["location"]) == (308, "https://127.0.0.1/lobule/")
    places = ("/lobule/api/v1/users/me", "/api/v1/users/me", "/fhir", "/lobule/dicom-web/studies", "/a/b/api/v1/cases")
    for path in places:
        assert httpx.get(f"http://127.0.0.1:{proxy.plain}{path}").status_code == 403, "a token was sent in the clear"
    assert httpx.get(f"http://127.0.0.1:{proxy.plain}/lobule/api/docs").status_code == 308, "a page"
    without_a_gateway(proxy)


def with_path(client: httpx.Client) -> None:
    """Pages, their scripts and redirects lie below the path."""
    answer = client.get("/lobule/")
    assert answer.headers["location"].startswith("/lobule/login")
    page = client.get("/lobule/login")
    assert 'href="/lobule/static/' in page.text
    assert client.get("/lobule/static/core/api.js").status_code == 200


def sizes(client: httpx.Client) -> None:
    """A body that is no upload is refused by the gateway, and a larger one by the proxy, in the same words."""
    last = {"Connection": "close"}  # a connection on which the rest of a body may still come is not used again
    for size in (1_500_000, 4_000_000):
        answer = client.post("/lobule/api/v1/auth/token", content=b" " * size, headers=last)
        assert (answer.status_code, answer.json()["code"]) == (413, "request_too_large"), size
        assert answer.headers["content-type"] == "application/problem+json"
    refused = client.post("/lobule/api/v1/images", files={"file": ("a.png", b"x" * 4_000_000)}, headers=last)
    assert (refused.status_code, refused.json()["code"]) == (401, "not_authenticated"), "refused before it has arrived"
    grant = {"username": "alice", "password": "correct horse battery staple"}
    token = client.post("/lobule/api/v1/auth/token", json=grant).json()["access_token"]
    noise = np.random.default_rng(1).integers(0, 256, (1000, 1100, 3), np.uint8)
    upload = client.post(
        "/lobule/api/v1/images",
        headers={"Authorization": f"Bearer {token}"},
        data={"modality": "histopathology"},
        files={"file": ("a.png", encode_png(noise))},
    )
    assert upload.status_code == 202, upload.text
    assert upload.headers["location"].startswith("/lobule/api/v1/jobs/")


def compression(client: httpx.Client) -> None:
    """What holds no secret is compressed: no page, whose CSRF token its size could betray."""
    assert client.get("/lobule/api/v1/openapi.json").headers["content-encoding"] == "gzip"
    assert client.get("/lobule/static/core/api.js").headers["content-encoding"] == "gzip"
    assert "content-encoding" not in client.get("/lobule/login").headers
    grant = client.post("/lobule/api/v1/auth/token", json={"username": "alice", "password": "x" * 900})
    assert "content-encoding" not in grant.headers


def addresses(proxy) -> None:
    """The log and the gateway learn the client's address; of a load balancer that is trusted, what it forwards."""
    forwarded = {"X-Forwarded-For": "192.0.2.7", "X-Request-Id": "believed"}
    balancer = httpx.HTTPTransport(local_address="127.0.0.2", verify=proxy.context)
    with httpx.Client(transport=balancer) as client:
        client.get(f"https://127.0.0.1:{proxy.port}/lobule/healthz", headers=forwarded)
    proxy.client.get("/lobule/healthz", headers=forwarded | {"X-Request-Id": "not-believed"})
    wanted = {"believed": "192.0.2.7", "not-believed": "127.0.0.1"}
    if Path("/proc/net/if_inet6").exists():
        with httpx.Client(verify=proxy.context) as client:
            client.get(f"https://[::1]:{proxy.port}/lobule/healthz", headers={"X-Request-Id": "over-6"})
        wanted["over-6"] = "::1"
    until(lambda: wanted.items() <= {line["request_id"]: line["client"] for line in lines(proxy.log)}.items())


def lines(log: Path) -> list[dict]:
    """What the proxy logged; its last line may be half written."""
    return [json.loads(line) for line in log.read_text().splitlines(keepends=True) if line.endswith("\n")]


def without_a_gateway(proxy) -> None:
    """While the gateway is away, clients are told to wait."""
    proxy.server.should_exit = True
    until(lambda: proxy.client.get("/lobule/healthz").status_code == 503)
    answer = proxy.client.get("/lobule/api/v1/users/me")
    assert (answer.json()["code"], answer.headers["retry-after"]) == ("gateway_away", "2")
