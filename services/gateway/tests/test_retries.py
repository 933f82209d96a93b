"""What is tried again, and when: a cause outside of the file waits longer each time, a fault of the file is final."""

from datetime import timedelta
from typing import get_args

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from gateway.clock import now
from gateway.jobs.models import Step
from gateway.jobs.queues import repository as queues
from gateway.jobs.service import pause_before
from lobule.contracts.errors import InputErrorCode, PipelineErrorCode
from lobule.errors import AnalysisError


@pytest.fixture
def app(make_app):
    return make_app(retry_pause_s=600, reap_every_s=3600)


@pytest.fixture
def client(app):
    """A client whose gateway runs no loops: the outbox is looked at here."""
    return TestClient(app)


@pytest.mark.parametrize("code", get_args(InputErrorCode))
def test_a_fault_of_the_file_is_never_tried_again(code):
    assert not AnalysisError(code, retryable=True).retryable


@pytest.mark.parametrize("code", get_args(PipelineErrorCode))
def test_a_cause_outside_of_the_file_may_be_tried_again(code):
    assert AnalysisError(code, retryable=True).retryable
    assert not AnalysisError(code).retryable


@pytest.mark.parametrize(("tries", "mean_s"), [(1, 2), (2, 4), (3, 8), (6, 60), (50, 60)])
def test_each_pause_is_longer_up_to_a_minute_and_no_two_alike(tries, mean_s):
    pauses = {pause_before(tries, 2) for _ in range(50)}
    assert len(pauses) > 40
    assert timedelta(seconds=mean_s / 2) <= min(pauses) <= max(pauses) <= timedelta(seconds=mean_s * 1.5)


def outbox(app):
    with app.state.sessions() as session:
        return len(queues.waiting_messages(session))


def test_nobody_is_given_a_step_before_its_pause_is_over(app, client, worker, job):
    claim = worker.claim(job)
    said = {"attempt": claim["attempt"], "code": "storage_unavailable", "detail": "x", "retryable": True}
    assert worker.post(job, "inference", "fail", **said).status_code == 204
    app.state.relay.empty_outbox()
    app.state.redis.flushall()
    app.state.reaper.announce_again()
    assert outbox(app) == 0
    assert worker.claim_next("histo") is None
    ages = [line for line in client.get("/metrics").text.splitlines() if line.startswith("lobule_queue_age_seconds{")]
    assert min(float(line.rsplit(" ", 1)[1]) for line in ages) == 0, "what pauses has waited for no worker yet"
    with app.state.sessions.begin() as session:
        session.execute(update(Step).where(Step.state == "queued").values(queued_at=now() - timedelta(seconds=1)))
        session.execute(update(Step).values(announced_at=now() - timedelta(seconds=2)))
    app.state.reaper.announce_again()
    assert outbox(app) == 1
    claimed = worker.claim_next("histo")
    assert (claimed["job_id"], claimed["attempt"]) == (job, 2)
