"""Requests that wait for another transaction decide by what it has left, not by what they had read before it."""

from contextlib import contextmanager

import pytest
from pyotp import TOTP
from signed_apart import APART
from sqlalchemy import func, select

from gateway.admin import endpoints as administration
from gateway.audit.models import AuditEvent
from gateway.auth.second_factor import repository as second_factor
from gateway.corrections import job_endpoints as jobs
from gateway.diagnose import endpoints as diagnose
from gateway.jobs import repository
from gateway.jobs.models import Rendering

pytestmark = pytest.mark.postgres  # with SQLite, transactions that write wait for each other as a whole


@pytest.fixture
def app(make_app, migrated_postgres_url):
    return make_app(migrated_postgres_url)


@pytest.fixture
def before(monkeypatch):
    """Has something happen when the next request of a module locks what it has read."""

    @contextmanager
    def run(happens, module, name="lock"):
        real, waiting = getattr(module, name), [happens]

        def late(*given, **named):
            if waiting:
                waiting.pop()()
            return real(*given, **named)

        with monkeypatch.context() as patch:
            patch.setattr(module, name, late)
            yield
        assert not waiting

    return run


@pytest.fixture
def kill(app, worker):
    """Has the workers of a step be lost as often as it is tried."""

    def lose(work, step="inference"):
        for _ in range(app.state.settings.max_attempts):
            worker.claim(work, step)
            worker.expire(work)
            app.state.reaper.requeue_expired()

    return lose


def test_an_analysis_that_ends_is_not_cancelled(client, alice, job, worker, before):
    worker.infer(job)
    with before(lambda: worker.render(job), jobs):
        answer = client.post(f"/api/v1/jobs/{job}/cancel", headers=alice)
    assert (answer.status_code, answer.json()["code"]) == (409, "job_finished")


def test_dead_work_is_started_again_once(client, alice, root, job, worker, before, kill):
    kill(job)

    def restart():
        assert client.post(f"/api/v1/jobs/{job}/retry", headers=alice).status_code == 200
        worker.claim(job)

    with before(restart, administration):
        assert client.post("/api/v1/admin/jobs/retry-dead", headers=root).json() == {"count": 0, "claimed": 0}
    assert client.get(f"/api/v1/jobs/{job}", headers=alice).json()["state"] == "running"


def test_an_image_that_is_diagnosed_twice_is_analysed_again_once(client, alice, job, picture, before):
    client.post(f"/api/v1/jobs/{job}/cancel", headers=alice)
    form = {"username": "alice", "password": "correct horse battery staple"}
    diagnosed = {"data": form, "files": {"file": ("field.png", picture())}, "headers": {"Prefer": "respond-async"}}
    with before(lambda: client.post("/api/v1/diagnose", **diagnosed), diagnose):
        answer = client.post("/api/v1/diagnose", **diagnosed)
    assert (answer.status_code, answer.json()["id"], answer.json()["state"]) == (202, job, "queued")
    with client.app.state.sessions() as session:
        assert session.scalar(select(func.count()).where(AuditEvent.action == "job.retry")) == 1


def test_a_rendering_is_started_again_once(app, client, alice, root, case, upload, worker, before, kill):
    worker.infer(upload(case_id=case).json()["job"]["id"])
    client.post(f"/api/v1/cases/{case}/reports", json=APART, headers=alice)
    with app.state.sessions() as session:
        rendering = session.scalars(select(Rendering.id)).first()
    kill(rendering, "render")
    retry = f"/api/v1/admin/jobs/{rendering}/retry"
    with before(lambda: client.post(retry, headers=root), repository, "for_update"):
        answer = client.post(retry, headers=root)
    assert (answer.status_code, answer.json()["code"]) == (409, "job_not_failed")


def test_an_app_that_was_confirmed_is_not_replaced(client, alice, before):
    place = "/api/v1/users/me/second-factor"
    app = TOTP(client.post(place, headers=alice).json()["secret"])

    def confirm():
        assert client.post(f"{place}/confirmation", json={"code": app.now()}, headers=alice).status_code == 200

    with before(confirm, second_factor, "lock_factor"):
        answer = client.post(place, headers=alice)
    assert (answer.status_code, answer.json()["code"]) == (409, "second_factor_on")
    assert client.get(place, headers=alice).json()["app"]
