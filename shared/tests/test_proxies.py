"""Proxies: one to the internet, as `HTTP_PROXY` names it, stands between no two parts on one machine."""

import json
import sys
import threading
from http.server import ThreadingHTTPServer

import httpx
import pytest
from silent_server import SilentHandler

from lobule import probe
from lobule.client import ApiError, Client
from lobule.launcher.home import Home
from lobule.launcher.system import _is_ready
from lobule.progress_cache import ProgressCache
from lobule.redis_address import connect


@pytest.fixture
def url(monkeypatch):
    """The address of a server on this machine, with a proxy in the environment that nobody reaches."""

    class Handler(SilentHandler):
        def do_GET(self) -> None:  # noqa: N802 - a name of http.server
            self.answer(200, json.dumps([]).encode())

    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "gateway")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_check_of_an_image_reaches_its_own_port(url, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["probe", url])
    assert probe.main() == 0


def test_the_launcher_and_the_client_reach_this_machine(url):
    assert _is_ready("gateway", url, ProgressCache(connect("redis://127.0.0.1:1")))
    with Client(url, api_token="a") as client:
        assert client.modalities() == []


def test_services_that_are_started_here_reach_the_gateway(url, tmp_path, monkeypatch):
    for name, value in Home.open(tmp_path).environment("redis://127.0.0.1:1", url, "json").items():
        monkeypatch.setenv(name, value)
    assert httpx.get(url).status_code == 200


def test_an_error_that_a_proxy_answers_in_a_form_of_its_own_is_told():
    class Handler(SilentHandler):
        def do_GET(self) -> None:  # noqa: N802 - a name of http.server
            self.answer(502, b'"Bad Gateway"')

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with (
            Client(f"http://127.0.0.1:{server.server_port}", api_token="a") as client,
            pytest.raises(ApiError, match="status 502"),
        ):
            client.me()
        server.shutdown()
