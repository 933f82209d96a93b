"""A worker's own port: it tells the truth about its loop, its model and Redis."""

import json
import socket
import sys
import urllib.error
import urllib.request
from types import SimpleNamespace

import pytest
from redis import Redis

from lobule.redis_address import connect
from lobule.worker.metrics import GpuCollector
from lobule.worker.monitor import Health, LoopBeat, serve


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_health(redis_url):
    loop = LoopBeat()
    health = Health(Redis.from_url(redis_url), loop, has_model=True)
    assert health.ready() == {"redis": True, "model": True, "loop": True}
    loop._at.value -= 1000
    assert health.live() == {"loop": False}, "Redis is there, and the loop stands still"
    away = Health(connect(f"redis://127.0.0.1:{free_port()}"), loop, has_model=True)
    assert away.live() == {"loop": True}, "to start again would not bring Redis back"
    assert away.ready()["redis"] is False


@pytest.mark.parametrize("has_model", [True, False])
def test_the_port(redis_url, has_model, monkeypatch):
    monkeypatch.setattr("lobule.worker.monitor.REGISTRY.register", lambda collector: None)
    port = free_port()
    serve("127.0.0.1", port, Health(Redis.from_url(redis_url), LoopBeat(), has_model=has_model))
    assert ask(port, "/healthz")[0] == 200
    status, body = ask(port, "/readyz")
    assert (status, json.loads(body)["model"]) == (200 if has_model else 503, has_model)
    status, body = ask(port, "/metrics")
    assert status == 200
    assert "process_resident_memory_bytes" in body
    assert ask(port, "/elsewhere")[0] == 404


def test_a_card_that_does_not_tell_its_load_tells_its_memory(monkeypatch):
    """As a card that is divided into instances (MIG)."""

    class NVMLError(Exception):
        pass

    def refuse(_card: int) -> None:
        raise NVMLError

    driver = {
        "NVMLError": NVMLError,
        "nvmlInit": lambda: None,
        "nvmlDeviceGetCount": lambda: 2,
        "nvmlDeviceGetHandleByIndex": lambda index: index,
        "nvmlDeviceGetMemoryInfo": lambda _card: SimpleNamespace(used=1, total=2),
        "nvmlDeviceGetUtilizationRates": refuse,
    }
    monkeypatch.setitem(sys.modules, "pynvml", SimpleNamespace(**driver))
    told = {family.name: [sample.value for sample in family.samples] for family in GpuCollector().collect()}
    assert told == {
        "lobule_gpu_memory_used_bytes": [1.0, 1.0],
        "lobule_gpu_memory_total_bytes": [2.0, 2.0],
        "lobule_gpu_utilisation_ratio": [],
    }
