"""Two gateways on one PostgreSQL, many hands on few cases: whatever happens at once, nobody sees an error of ours.

`make test-protocol` looks for long.
"""

import os
import random
import threading
from collections import Counter

import httpx
import pytest
from fastapi.testclient import TestClient
from signed_apart import APART

from gateway.main import create_app

HANDS = 8
ACTIONS = int(os.environ.get("LOBULE_HANDS_ACTIONS", "30"))
"""Of each hand."""


class Hands:
    """Do things to cases, images and jobs in no order; count what was answered."""

    def __init__(self, clients, workers, alice, root, picture) -> None:
        self.clients, self.workers, self.alice, self.root, self.picture = clients, workers, alice, root, picture
        self.answers: Counter[tuple[str, int]] = Counter()
        self.broken: list[str] = []
        self.jobs: list[str] = []
        self._made = self.done = 0
        self._lock = threading.Lock()
        self.cases = [self._new_case(clients[0]) for _ in range(2)]

    def _new_case(self, client: TestClient) -> str:
        return client.post("/api/v1/cases", json={"pseudonym": "P"}, headers=self.alice).json()["id"]

    def _note(self, action: str, answer: httpx.Response) -> httpx.Response:
        with self._lock:
            self.answers[action, answer.status_code] += 1
            if answer.status_code >= 500 and answer.status_code != 503:
                self.broken.append(f"{action}: {answer.status_code} {answer.text}")
        return answer

    def upload(self, client: TestClient, chance: random.Random) -> None:
        with self._lock:
            self._made += 1
            picture = self.picture(self._made % 256, (80, 64 + self._made // 256))
        data = {"modality": "histopathology", "case_id": chance.choice(self.cases)}
        files = {"file": ("a.png", picture)}
        answer = self._note("upload", client.post("/api/v1/images", headers=self.alice, data=data, files=files))
        if answer.status_code == 202:
            self.jobs.append(answer.json()["job"]["id"])

    def work(self, client: TestClient, chance: random.Random) -> None:
        worker, job = self.workers[self.clients.index(client)], chance.choice(self.jobs[-20:])
        step = chance.choice(("inference", "report"))
        claimed = self._note("claim", worker.post(job, step, "claim", worker="test"))
        if claimed.status_code != 200 or chance.random() < 0.1:  # this one is never heard of again
            return
        claim = claimed.json()
        if chance.random() < 0.15:
            said = {"attempt": claim["attempt"], "code": "internal_error", "detail": "x", "retryable": True}
            self._note("fail", worker.post(job, step, "fail", **said))
            return
        if step == "inference":
            worker.leave_result(claim, chance.random())
        self._note("complete", worker.post(job, step, "complete", attempt=claim["attempt"]))

    def review(self, client: TestClient, chance: random.Random) -> None:
        case, job = chance.choice(self.cases), chance.choice(self.jobs[-6:])
        said = {"verdict": chance.choice(("confirmed", "dismissed", None)), "comment": "x"}
        self._note("review", client.put(f"/api/v1/cases/{case}/reviews/{job}/image", headers=self.alice, json=said))

    def sign(self, client: TestClient, chance: random.Random) -> None:
        case = chance.choice(self.cases)
        self._note("sign", client.post(f"/api/v1/cases/{case}/reports", headers=self.alice, json=APART))

    def correct(self, client: TestClient, chance: random.Random) -> None:
        images = client.get(f"/api/v1/cases/{chance.choice(self.cases)}", headers=self.alice).json()["images"]
        if images:
            image = chance.choice(images)["id"]
            said = {"magnification": chance.choice(("40X", "100X"))}
            self._note("correct", client.patch(f"/api/v1/images/{image}", headers=self.alice, json=said))
            self._note("again", client.post(f"/api/v1/images/{image}/jobs", headers=self.alice))

    def cancel(self, client: TestClient, chance: random.Random) -> None:
        job = chance.choice(self.jobs[-20:])
        self._note("cancel", client.post(f"/api/v1/jobs/{job}/cancel", headers=self.alice))

    def retry(self, client: TestClient, chance: random.Random) -> None:
        job = chance.choice(self.jobs[-20:])
        self._note("retry", client.post(f"/api/v1/jobs/{job}/retry", headers=self.alice))
        self._note("retry-dead", client.post("/api/v1/admin/jobs/retry-dead", headers=self.root))

    def go(self, number: int) -> None:
        """One hand."""
        chance, client = random.Random(number), self.clients[number % len(self.clients)]
        actions = [self.upload] * 4 + [self.work] * 8 + [self.review] * 3
        actions += [self.sign, self.correct, self.cancel, self.retry]
        self.upload(client, chance)
        for _ in range(ACTIONS):
            chance.choice(actions)(client, chance)
            with self._lock:
                self.done += 1


@pytest.fixture
def app(make_app, migrated_postgres_url):
    return make_app(migrated_postgres_url, lease_seconds=2.5, log_level="ERROR")


@pytest.mark.postgres
def test_nobody_sees_an_error_of_ours(app, client, alice, headers_of, worker, picture):
    with TestClient(create_app(app.state.settings)) as other:
        hands = Hands([client, other], [worker, type(worker)(other)], alice, headers_of("root"), picture)
        threads = [threading.Thread(target=hands.go, args=(number,)) for number in range(HANDS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert hands.done == HANDS * ACTIONS, "a hand stumbled"
    assert hands.broken == [], hands.answers
    busy = sum(count for (_, status), count in hands.answers.items() if status == 503)
    assert busy <= 0.02 * hands.answers.total(), hands.answers
    assert hands.answers["upload", 202] > HANDS
    assert hands.answers["complete", 204] > HANDS
