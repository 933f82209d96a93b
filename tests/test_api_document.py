"""Runs the examples of docs/api.md as they are written."""

import http.server
import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lobule.launcher.system import DEMO

DOCUMENT = Path(__file__).parents[1] / "docs" / "api.md"


def example(name: str) -> str:
    found = re.search(rf"```(?:sh|python)\n# example: {name}\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    assert found is not None, f"docs/api.md has no example {name!r}"
    return found[1]


@pytest.fixture(scope="module")
def fields(shared_data) -> list[Path]:
    return sorted((shared_data / "breakhis" / "images").glob("SOB_B_*-100-*.jpg"))[20:23]


@pytest.fixture
def environment(system, password, fields) -> dict[str, str]:
    return os.environ | {
        "LOBULE_SERVER": system.url,
        "LOBULE_USERNAME": DEMO,
        "LOBULE_PASSWORD": password,
        "FIELD": str(fields[0]),
        "OTHER_FIELD": str(fields[1]),
    }


def shell(folder: Path, environment: dict[str, str], *names: str) -> None:
    script = "set -euo pipefail\n" + "".join(example(name) for name in names)
    done = subprocess.run(["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_one_request(tmp_path, environment):
    shell(tmp_path, environment, "diagnose")
    assert "research use only" in (tmp_path / "report.html").read_text("utf-8").lower()


def test_step_by_step(tmp_path, environment):
    shell(tmp_path, environment, "token", "steps")
    assert json.loads((tmp_path / "result.json").read_text())["assessment"]
    assert (tmp_path / "report.png").read_bytes().startswith(b"\x89PNG")


def test_cases_in_python(tmp_path, environment):
    command = [sys.executable, "-c", example("case")]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_in_python(tmp_path, environment):
    command = [sys.executable, "-c", example("python")]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "done" in done.stdout
    assert "not_found" in done.stdout
    assert "<html" in (tmp_path / "from-python.html").read_text("utf-8")


@pytest.fixture
def receiver():
    arrived = threading.Event()
    messages: list[tuple[dict[str, str], bytes]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            messages.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()
            arrived.set()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", arrived, messages
    server.shutdown()
    server.server_close()


def test_being_told(tmp_path, environment, receiver, fields, lobule):
    url, arrived, messages = receiver
    shell(tmp_path, environment | {"RECEIVER": url}, "token", "webhook")
    secret = json.loads((tmp_path / "webhook.json").read_text())["secret"]
    job = lobule.upload(fields[2], "histopathology")
    assert arrived.wait(120)
    known: dict = {}
    exec(example("verify"), known)
    headers, body = messages[0]
    assert known["receive"](headers, body, secret)
    assert not known["receive"](headers, body + b" ", secret)
    assert not known["receive"](headers | {"webhook-signature": "no signature"}, body, secret)
    assert not known["receive"]({}, body, secret)
    message = json.loads(body)
    assert (message["data"]["id"], message["data"]["state"]) == (job, "done")
