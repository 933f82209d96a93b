"""Work that does not end in time is ended with a code of its own, fenced from its worker, and can be asked for anew."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from gateway.clock import now
from gateway.jobs import repository, service
from gateway.jobs.models import Job, Step
from gateway.settings import GatewaySettings


@pytest.fixture
def app(make_app):
    return make_app(deadline_hours=2, batch_deadline_hours=5, reap_every_s=3600, webhook_networks="203.0.113.0/24")


@pytest.fixture
def client(app):
    """A client whose gateway runs no loops: the reaper is called here."""
    return TestClient(app)


@pytest.fixture
def after(app):
    """Lets the reaper look so many hours after all was asked for; None: at work from before deadlines."""

    def look(hours: float | None) -> None:
        with app.state.sessions.begin() as session:
            for step in session.query(Step).filter(Step.asked_at.is_not(None)):
                step.asked_at = None if hours is None else now() - timedelta(hours=hours)
        app.state.reaper.end_overdue()

    return look


@pytest.fixture
def shown(client, alice, job):
    return lambda **headers: client.get(f"/api/v1/jobs/{job}", headers=alice | headers).json()


@pytest.fixture(params=[True, False], ids=["interactive", "batch"])
def hours(request, app, job) -> int:
    """The deadline of the job."""
    with app.state.sessions.begin() as session:
        session.get_one(Job, job).step("inference").interactive = request.param
    return 2 if request.param else 5


def test_a_job_that_waits_for_too_long_is_ended_in_words(hours, after, shown, worker):
    after(hours - 0.1)
    assert shown()["state"] == "queued"
    after(hours + 0.1)
    assert (shown()["state"], shown()["error"]["code"]) == ("failed", "deadline_passed")
    assert "too long" in shown()["error"]["detail"]
    assert "时间过长" in shown(**{"Accept-Language": "zh"})["error"]["detail"]
    assert worker.claim_next("histo") is None


def test_a_job_that_runs_for_too_long_is_taken_from_its_worker(after, shown, worker, job):
    claim = worker.claim(job)
    after(6)
    assert shown()["error"]["code"] == "deadline_passed"
    for what in ("heartbeat", "complete"):
        worker.leave_result(claim)
        assert worker.post(job, "inference", what, attempt=claim["attempt"]).status_code == 409
    assert shown()["state"] == "failed"


def test_a_report_that_waits_for_too_long_is_ended_and_the_result_stays(after, shown, worker, job):
    worker.infer(job)
    after(6)
    assert (shown()["state"], shown()["error"]["code"]) == ("failed", "deadline_passed")
    assert shown()["assessment"] == "malignancy_suspected"


def test_it_can_be_asked_for_anew_and_has_a_new_deadline(client, alice, after, shown, worker, job):
    after(6)
    assert client.post(f"/api/v1/jobs/{job}/retry", headers=alice).status_code == 200
    client.app.state.reaper.end_overdue()
    assert shown()["state"] == "queued"
    worker.infer(job)
    worker.render(job)
    assert shown()["state"] == "done"
    after(1000)
    assert shown()["state"] == "done", "what has ended has no deadline"


def test_work_from_before_there_were_deadlines_has_none(after, shown, job):
    after(None)
    assert shown()["state"] == "queued"


def test_whoever_waits_for_it_is_told(client, alice, after, shown, job):
    """A webhook is told of an end by deadline as of any other."""
    told = client.post("/api/v1/webhooks", headers=alice, json={"url": "https://203.0.113.7/hook"})
    assert told.status_code == 201, told.text
    after(6)
    events = client.get(f"/api/v1/webhooks/{told.json()['id']}/deliveries", headers=alice).json()
    assert [each["job_id"] for each in events] == [job]


def test_a_time_is_a_span_that_dates_can_hold(app):
    values = app.state.settings.model_dump()
    for name in ("deadline_hours", "batch_deadline_hours", "session_hours", "refresh_token_days", "retention_days"):
        assert GatewaySettings(**values | {name: 36500})
        for longer in (99_999_999, float("inf")):
            with pytest.raises(ValidationError, match="less than a hundred years"):
                GatewaySettings(**values | {name: longer})


def test_lost_announcements_are_sent_again_although_the_reaper_fails_at_deadlines(app, monkeypatch):
    reaper, turns = app.state.reaper, []
    monkeypatch.setattr(reaper.stopped, "wait", lambda _: False)
    monkeypatch.setattr(reaper, "announce_again", lambda: turns.append("announced"))
    monkeypatch.setattr(repository, "overdue", failing)
    with pytest.raises(RuntimeError, match="deadlock"):
        reaper.turn()
    assert turns == ["announced"]


def failing(*_) -> None:
    raise RuntimeError("deadlock")


def test_steps_are_ended_each_by_itself(app, after, shown, upload, picture, monkeypatch):
    """One that fails takes back no other: two gateways could else wait for each other's cases."""
    upload(picture(3))
    ended, end = [], service.end_overdue

    def once(session, step):
        if ended:
            failing()
        ended.append(step.job_id)
        end(session, step)

    monkeypatch.setattr(service, "end_overdue", once)
    with pytest.raises(RuntimeError, match="deadlock"):
        after(6)
    with app.state.sessions() as session:
        states = [job.state for job in session.query(Job)]
    assert sorted(states) == ["failed", "queued"]
