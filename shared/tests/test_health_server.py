"""The server of health and metrics does not keep threads for clients that fall silent."""

import socket

import httpx
import pytest

from lobule import health
from lobule.health import serve_health


@pytest.mark.parametrize("begun", [b"", b"GET /heal"])
def test_a_silent_client_is_let_go_without_a_word(monkeypatch, capfd, begun):
    monkeypatch.setattr(health._Quiet, "timeout", 0.2)
    port = serve_health("127.0.0.1", 0, live=lambda: {"loop": True}, ready=lambda: {"loop": False})
    with socket.create_connection(("127.0.0.1", port), 60) as silent:
        silent.sendall(begun)
        assert silent.recv(100) == b""
    answers = [httpx.get(f"http://127.0.0.1:{port}/{path}", timeout=60) for path in ("healthz", "readyz")]
    assert [answer.status_code for answer in answers] == [200, 503]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("host", "family"), [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)])
def test_it_listens_at_addresses_of_both_versions(host, family):
    try:
        socket.create_server((host, 0), family=family).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    port = serve_health(host, 0, live=lambda: {"loop": True}, ready=dict)
    with socket.create_connection((host, port), 60):
        pass
