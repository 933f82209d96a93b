"""What `lobule doctor` says of a running server: whether it is ready, its clock and its certificate."""

import json
import ssl
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lobule.diagnosis import Installation
from lobule.diagnosis.server import certificate, server

WORKS = {"status": "ok", "database": True, "migrated": True, "object_store": True, "redis": True}


@pytest.fixture
def answer():
    """What the server says, and how far its clock is ahead, in seconds."""
    return {"said": WORKS, "ahead": 0.0}


@pytest.fixture
def listening(answer):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps(answer["said"]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def date_time_string(self, timestamp=None):
            return super().date_time_string(time.time() + answer["ahead"])

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def states(checker, address: str) -> dict[str, tuple[str, str]]:
    found = checker(Installation(home=Path("/nowhere"), embedded=False, server=address, host="127.0.0.1", port=0))
    return {check.part: (check.state, check.code) for check in found}


def test_a_server_that_is_ready(listening):
    said = states(server, f"http://127.0.0.1:{listening.server_port}/")
    assert said == {"server": ("ok", "server"), "clock": ("ok", "clock")}


def test_parts_that_do_not_work_and_a_clock_that_is_wrong(listening, answer):
    answer.update(said=WORKS | {"redis": False}, ahead=20.0)
    address = f"http://127.0.0.1:{listening.server_port}"
    assert states(server, address) == {"server": ("problem", "server_not_ready"), "clock": ("warning", "clock_differs")}
    answer["ahead"] = 3600.0
    assert states(server, address)["clock"] == ("problem", "clock_differs")


def test_a_server_whose_disk_is_nearly_full(listening, answer):
    answer["said"] = WORKS | {"space": False}
    said = states(server, f"http://127.0.0.1:{listening.server_port}")
    assert said["server"] == ("problem", "server_full")


def test_what_answers_is_not_lobule(listening, answer):
    answer["said"] = {"hello": "world"}
    assert states(server, f"http://127.0.0.1:{listening.server_port}") == {"server": ("problem", "server_away")}


def test_a_certificate(listening, tmp_path, monkeypatch):
    address = f"https://localhost:{listening.server_port}"
    key, chain = tmp_path / "key.pem", tmp_path / "chain.pem"
    request = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    request += ["-days", "10", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*request, "-keyout", key, "-out", chain], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, key)
    listening.socket = context.wrap_socket(listening.socket, server_side=True)
    assert states(certificate, address) == {"certificate": ("problem", "certificate_refused")}
    monkeypatch.setenv("SSL_CERT_FILE", str(chain))
    assert states(certificate, address) == {"certificate": ("warning", "certificate_ends")}
    assert states(certificate, "https://localhost:1") == {"certificate": ("problem", "server_away")}
    assert states(certificate, "http://localhost:1") == {}, "there is none"
