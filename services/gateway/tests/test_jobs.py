"""The life of a job: nothing is lost, and no one works twice. On SQLite and on PostgreSQL."""

import threading
import time
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from redis import Redis
from sqlalchemy import event

from gateway.clock import now
from gateway.jobs.models import Step
from lobule.contracts import compatibility
from lobule.contracts.language import LANGUAGES
from lobule.words import Words

PATIENCE_S = 60
"""How long a test waits for what must happen: a machine that does much else besides may stand still for seconds."""


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request):
    return request.getfixturevalue("migrated_postgres_url") if request.param == "postgres" else None


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def state(client: TestClient, alice: dict[str, str], job: str) -> str:
    return client.get(f"/api/v1/jobs/{job}", headers=alice).json()["state"]


def until(client: TestClient, alice: dict[str, str], job: str, wanted: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while (found := state(client, alice, job)) != wanted:
        assert time.monotonic() < deadline, f"the job is still {found}"
        time.sleep(0.05)


def test_from_upload_to_report(client, alice, job, worker):
    assert state(client, alice, job) == "queued"
    worker.infer(job)
    assert state(client, alice, job) == "running"
    worker.render(job)
    done = client.get(f"/api/v1/jobs/{job}", headers=alice).json()
    assert (done["state"], done["assessment"], done["probability_malignant"]) == ("done", "malignancy_suspected", 0.9)
    report = client.get(f"/api/v1/jobs/{job}/report", headers=alice | {"Accept": "text/html"})
    assert (report.status_code, report.content) == (200, b"<html>")
    assert "sandbox" in report.headers["content-security-policy"]


def test_the_call_reaches_redis_at_once(job, clean_redis):
    redis = Redis.from_url(clean_redis)
    deadline = time.monotonic() + PATIENCE_S
    while not redis.llen("histo"):
        assert time.monotonic() < deadline, "the relay did not announce it"
        time.sleep(0.01)
    message = redis.lindex("histo", 0)
    assert job not in str(redis.lindex("mammo", 0))
    assert b"field.png" not in message, "no file name, no patient data, in the queue"


def test_a_step_is_claimed_once(job, worker):
    answers: list[int] = []
    start = threading.Barrier(8)

    def race() -> None:
        start.wait()
        answers.append(worker.post(job, "inference", "claim", worker="racer").status_code)

    racers = [threading.Thread(target=race) for _ in range(8)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert sorted(answers) == [200] + [409] * 7


def test_the_report_cannot_be_claimed_before_the_inference_is_done(job, worker):
    assert worker.post(job, "report", "claim", worker="early").status_code == 409


def claim_again(worker, job: str) -> dict:
    """Claim a step as soon as the reaper took it back from the worker that lost it."""
    deadline = time.monotonic() + PATIENCE_S
    while (answer := worker.post(job, "inference", "claim", worker="second")).status_code != 200:
        assert time.monotonic() < deadline, "the reaper did not take the step back"
        time.sleep(0.05)
    return answer.json()


def test_a_silent_worker_loses_its_step_and_its_late_words_are_fenced(client, alice, job, worker):
    first = worker.claim(job)
    until(client, alice, job, "running")
    worker.expire(job)
    second = claim_again(worker, job)
    assert second["attempt"] == first["attempt"] + 1
    assert second["output_prefix"] != first["output_prefix"]
    worker.leave_result(first)
    for verb, extra in (
        ("heartbeat", {}),
        ("complete", {}),
        ("fail", {"code": "internal_error", "detail": "late"}),
    ):
        late = worker.post(job, "inference", verb, attempt=first["attempt"], **extra)
        assert (late.status_code, late.json()["code"]) == (409, "attempt_not_current"), verb
    worker.leave_result(second)
    assert worker.post(job, "inference", "complete", attempt=second["attempt"]).status_code == 204
    worker.render(job)
    until(client, alice, job, "done")


class TestShortLease:
    """The lease runs out by itself here, so these tests depend on how quickly the machine answers."""

    LEASE_S = 1.5
    REPETITIONS = 20

    @pytest.fixture
    def app(self, make_app, database_url):
        return make_app(database_url, lease_seconds=self.LEASE_S)

    def test_a_heartbeat_keeps_the_lease(self, upload, worker, picture):
        """A heartbeat renews a lease only where it comes in time, so a repetition with a later one is repeated."""
        for colour in range(self.REPETITIONS):
            job = upload(picture(colour)).json()["job"]["id"]
            if self._kept(worker, job):
                break
        else:
            pytest.fail(f"{self.REPETITIONS} times, two requests took longer than the lease of {self.LEASE_S} s")
        claim_again(worker, job)  # without heartbeats it is over

    def _kept(self, worker, job: str) -> bool:
        """Whether heartbeats held a lease for longer than it lasts; False where one of them came too late."""
        sent = time.monotonic()
        claim = worker.claim(job)
        for _ in range(5):
            time.sleep(0.4)
            previous, sent = sent, time.monotonic()
            answer = worker.post(job, "inference", "heartbeat", attempt=claim["attempt"])
            if time.monotonic() - previous >= self.LEASE_S:
                return False
            assert answer.status_code == 204
        thief = worker.post(job, "inference", "claim", worker="thief")
        if time.monotonic() - sent >= self.LEASE_S:
            return False
        assert thief.status_code == 409
        return True


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_lease_is_counted_from_after_the_wait_for_the_lock(app, job, worker):
    """SQLite lets one transaction write; a claim that waited for it has its whole lease before it."""
    sessions, waits = app.state.sessions, threading.Event()

    def heard(_connection, _cursor, statement, *_rest):
        if statement == "BEGIN IMMEDIATE" and threading.current_thread().name not in ("relay", "reaper", "webhooks"):
            waits.set()

    with sessions.begin() as other:
        other.connection()
        # SQLAlchemy calls a later listener of "begin" only when the gateway's own has got the lock.
        event.listen(sessions.kw["bind"], "before_cursor_execute", heard)
        claiming = threading.Thread(target=worker.claim, args=(job,))
        claiming.start()
        assert waits.wait(PATIENCE_S)
        released = now()
    claiming.join()
    with sessions.begin() as session:
        expires = session.get(Step, (job, "inference")).lease_expires_at
    assert expires >= released + timedelta(seconds=app.state.settings.lease_seconds)


def test_a_job_that_loses_its_worker_three_times_is_dead_and_can_be_retried(client, alice, job, worker):
    for _ in range(3):
        claim_again(worker, job)
        worker.expire(job)
    until(client, alice, job, "dead")
    assert client.get(f"/api/v1/jobs/{job}", headers=alice).json()["error"]["code"] == "worker_lost"
    assert client.post(f"/api/v1/jobs/{job}/retry", headers=alice).status_code == 200
    worker.infer(job)
    worker.render(job)
    until(client, alice, job, "done")


def test_redis_forgets_everything_and_the_job_is_called_again(client, alice, job, clean_redis, monkeypatch):
    monkeypatch.setattr("gateway.jobs.relay._LOST_AFTER_S", 0.3)
    redis = Redis.from_url(clean_redis)
    while not redis.llen("histo"):
        time.sleep(0.01)
    redis.flushall()
    deadline = time.monotonic() + PATIENCE_S
    while not redis.llen("histo"):
        assert time.monotonic() < deadline, "the reaper did not call again"
        time.sleep(0.05)


def test_what_may_pass_is_tried_again(client, alice, job, worker):
    claim = worker.claim(job)
    failure = {"code": "internal_error", "detail": "a hiccup", "retryable": True}
    assert worker.post(job, "inference", "fail", attempt=claim["attempt"], **failure).status_code == 204
    worker.infer(job)
    worker.render(job)
    until(client, alice, job, "done")


def test_a_failure_is_told_at_its_step(client, alice, job, worker):
    claim = worker.claim(job)
    failure = {"code": "not_histology", "detail": "This is not an H&E field."}
    worker.post(job, "inference", "fail", attempt=claim["attempt"], **failure)
    progress = client.get(f"/api/v1/jobs/{job}/progress", headers=alice).json()
    assert progress["state"] == "failed"
    inference = progress["steps"][2]
    assert (inference["name"], inference["state"]) == ("inference", "failed")
    assert inference["error"] == {"code": "not_histology", "reason": None, "values": {}, "detail": failure["detail"]}
    assert progress["poll_after_ms"] is None


def test_a_failure_is_told_in_the_language_of_the_request(client, alice, job, worker):
    claim = worker.claim(job)
    failure = {"code": "image_too_small", "reason": "size", "values": {"width": 9, "height": 8, "least": 32}}
    worker.post(job, "inference", "fail", attempt=claim["attempt"], detail="Too small.", **failure)
    for language in LANGUAGES:
        headers = {**alice, "Accept-Language": language}
        expected = failure | {"detail": Words(language)("errors.image_too_small.size", **failure["values"])}
        progress = client.get(f"/api/v1/jobs/{job}/progress", headers=headers).json()
        assert progress["steps"][2]["error"] == expected
        assert client.get(f"/api/v1/jobs/{job}", headers=headers).json()["error"] == expected


def test_a_failed_rendering_never_loses_the_result(client, alice, job, worker):
    worker.infer(job)
    claim = worker.claim(job, "report")
    worker.post(job, "report", "fail", attempt=claim["attempt"], code="internal_error", detail="no ink")
    assert state(client, alice, job) == "failed"
    result = client.get(f"/api/v1/jobs/{job}/result", headers=alice)
    assert result.json()["probability_malignant"] == 0.9
    client.post(f"/api/v1/jobs/{job}/retry", headers=alice)
    worker.render(job)  # the inference is not done again
    until(client, alice, job, "done")


def test_cancelled_work_is_refused(client, alice, job, worker):
    claim = worker.claim(job)
    assert client.post(f"/api/v1/jobs/{job}/cancel", headers=alice).json()["state"] == "cancelled"
    assert worker.post(job, "inference", "heartbeat", attempt=claim["attempt"]).status_code == 409
    assert client.post(f"/api/v1/jobs/{job}/cancel", headers=alice).json()["code"] == "job_finished"


def test_completing_without_a_result_is_refused(job, worker):
    claim = worker.claim(job)
    answer = worker.post(job, "inference", "complete", attempt=claim["attempt"])
    assert (answer.status_code, answer.json()["code"]) == (422, "result_missing")


def test_only_workers_may_speak_there(job, worker):
    assert worker.post(job, "inference", "claim", token="guess", worker="x").status_code == 401


def test_a_job_that_is_done_cannot_be_tried_again(client, alice, job, worker):
    worker.infer(job)
    worker.render(job)
    assert client.post(f"/api/v1/jobs/{job}/retry", headers=alice).json()["code"] == "job_not_failed"


def test_a_worker_of_this_version_claims_an_image(job, worker):
    worker.client.headers.update(compatibility.HEADERS)
    answer = worker.post(job, "inference", "claim", worker="w")
    [subject] = compatibility.read_claim(answer.content).unit.images
    assert worker.store.get(subject.key)


def test_a_worker_of_version_0_1_claims_an_image(job, worker):
    claim = worker.claim(job)
    assert claim["image"]["modality"] == "histopathology"
    assert worker.store.get(claim["image_key"])
