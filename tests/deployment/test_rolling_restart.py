"""Every service restarts while a job is sent each second: no error except 503 with Retry-After, and no job lost."""

import ssl
import threading
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest

from lobule.client import Client
from lobule.imaging.decode import RGB8, decode_rgb, encode_png

EVERY_S = 1.0


class Load:
    """Sends a job each second, each image once, without retries; records the answers."""

    def __init__(self, deployment, field: RGB8) -> None:
        self.answers: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.jobs: list[str] = []
        self._field, self._number, self._stop = field, 0, threading.Event()
        self._token = deployment.client()._token()
        context = ssl.create_default_context(cafile=deployment.secrets / "tls_certificate")
        self._http = httpx.Client(base_url=deployment.url, verify=context, timeout=30)
        self._threads: list[threading.Thread] = []
        self._ticker = threading.Thread(target=self._tick)

    def __enter__(self) -> "Load":
        self._ticker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._ticker.join()
        for thread in self._threads:
            thread.join()

    def _tick(self) -> None:
        while not self._stop.wait(EVERY_S):
            self._number += 1
            thread = threading.Thread(target=self._send, args=(self._number,))
            thread.start()
            self._threads.append(thread)

    def _send(self, number: int) -> None:
        field = self._field.copy()
        field[:2, : 2 * number] = 0
        files = {"file": (f"{number}.png", encode_png(field))}
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            answer = self._http.post(
                "/api/v1/images", data={"modality": "histopathology"}, files=files, headers=headers
            )
        except httpx.TransportError as error:
            self.wrong.append(f"{number}: {error!r}")
            return
        self.answers[str(answer.status_code)] += 1
        if answer.status_code == 202:
            self.jobs.append(answer.json()["job"]["id"])
        elif answer.status_code != 503 or "retry-after" not in answer.headers:
            self.wrong.append(f"{number}: {answer.status_code} {answer.text[:200]}")


def _end(client: Client, job: str) -> str:
    deadline = time.monotonic() + 900
    *_, last = client.follow(job, time.sleep)
    assert time.monotonic() < deadline
    return last.state


@pytest.fixture
def field(real_field: Path) -> RGB8:
    return decode_rgb(real_field.read_bytes())


def test_every_service_under_load(deployment, field, capsys):
    with Load(deployment, field) as load:
        time.sleep(5)
        for service in ("gateway", "report", "histo-worker", "mammo-worker", "redis", "postgres", "gateway"):
            deployment.restart(service)
            time.sleep(8)
        memory = deployment.memory()
    with deployment.client(patience_s=120) as client:
        states = Counter(_end(client, job) for job in load.jobs)
    with capsys.disabled():
        print(f"\nsent {load._number}, answers {dict(load.answers)}, ended {dict(states)}\n{memory}")
    assert load.wrong == []
    assert len(load.jobs) > 30
    assert states == {"done": len(load.jobs)}
