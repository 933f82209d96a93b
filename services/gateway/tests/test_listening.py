"""How the gateway takes connections, and whose they are."""

import socket
import sys
import time

import httpx
import pytest
from sqlalchemy import select

from gateway.audit.models import AuditEvent
from gateway.serving import _listen
from lobule.launcher.home import Home
from lobule.launcher.supervisor import Child, Supervisor
from lobule.launcher.system import _free_port, address_of


def test_answers_do_not_wait_for_the_other_sides_acknowledgement():
    with _listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.fixture
def embedded(app, clean_redis, tmp_path, monkeypatch):
    """The address of a gateway that runs as `lobule up` starts it, behind a web server on this machine."""
    monkeypatch.setenv("LOBULE_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8")
    port = _free_port("127.0.0.1", 0)
    url = address_of("127.0.0.1", port)
    supervisor = Supervisor(Home.open(tmp_path).environment(clean_redis, url, "json"), tmp_path, show_logs=False)
    gateway = Child("gateway", [sys.executable, "-m", "gateway", "--port", str(port), "--no-migrations"])
    supervisor.start(gateway)
    try:
        while not _answers(url):
            assert gateway.process is not None
            assert gateway.process.poll() is None, (tmp_path / "gateway.log").read_text()
            time.sleep(0.05)
        yield url
    finally:
        supervisor.close()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=60).status_code == 200
    except httpx.TransportError:
        return False


def test_clients_behind_a_trusted_proxy_have_their_own_addresses(app, embedded):
    wrong = {"username": "alice", "password": "not hers"}
    answers = [
        httpx.post(f"{embedded}/api/v1/auth/token", json=wrong, headers={"X-Forwarded-For": forwarded}, timeout=60)
        for forwarded in ("192.0.2.7", "192.0.2.8", "203.0.113.1, 192.0.2.9, 10.0.0.5")
    ]
    assert {answer.status_code for answer in answers} == {401}
    with app.state.sessions() as session:
        noted = session.scalars(select(AuditEvent.address).where(AuditEvent.action == "auth.failed")).all()
    assert noted == ["192.0.2.7", "192.0.2.8", "192.0.2.9"]
