"""Retention on SQLite and on PostgreSQL, with objects in a folder."""

import os
import time
from datetime import timedelta

import pytest
from sqlalchemy import select

from gateway.cases.models import Case
from gateway.clock import now
from gateway.idempotency.models import KeyedRequest
from gateway.images.models import Image
from gateway.jobs.models import Job
from gateway.operations import clock_check
from gateway.operations.clock_check import ClockError
from gateway.operations.retention import Retention
from lobule.storage.local import LocalStore

DAY = timedelta(days=1)


@pytest.fixture
def app(app_on_each_database):
    """A gateway on each kind of database."""
    return app_on_each_database


def age(app, days: float) -> None:
    """Make all that is there older."""
    with app.state.sessions.begin() as session:
        for row in session.scalars(select(Image)):
            row.created_at -= days * DAY
        for row in session.scalars(select(Job)):
            row.created_at -= days * DAY
            row.finished_at = row.finished_at and row.finished_at - days * DAY
        for row in session.scalars(select(Case)):
            row.created_at -= days * DAY
            row.updated_at -= days * DAY
    then = time.time() - days * 86400
    for path in app.state.store.inner.root.rglob("*"):
        if path.is_file():
            os.utime(path, (then, then))


def retention(app, days: float | None = 30, *, dry_run: bool = False) -> dict[str, int]:
    limit = None if days is None else days * DAY
    return dict(+Retention(app.state.sessions, app.state.store, limit, dry_run).run())


def keys(app) -> set[str]:
    return {entry.key for kind in ("images", "jobs") for entry in app.state.store.entries(kind)}


class TestRetention:
    @pytest.fixture
    def done(self, worker, job) -> str:
        worker.infer(job)
        worker.render(job)
        return job

    def test_what_is_old_goes_with_its_objects(self, app, client, alice, done):
        age(app, 31)
        assert keys(app)
        assert retention(app)["images"] == 1
        assert keys(app) == set()
        assert client.get(f"/api/v1/jobs/{done}", headers=alice).status_code == 404

    def test_a_case_stays_if_something_came_to_it_since_old_ones_were_looked_for(
        self, app, client, alice, upload, picture, worker, case, monkeypatch
    ):
        other = client.post("/api/v1/cases", json={"pseudonym": "P-OLD"}, headers=alice).json()["id"]
        for each in (case, other):
            done = upload(picture(1), case_id=each).json()["job"]["id"]
            worker.infer(done)
            worker.render(done)
        age(app, 31)
        real, came = LocalStore.delete, []

        def delete(store, prefix):
            """While the objects of the first case are deleted, a film comes to the second one."""
            if not came:
                came.append(prefix)
                [left] = client.get("/api/v1/cases", headers=alice).json()["items"]
                assert upload(picture(9), case_id=left["id"]).status_code == 202
            real(store, prefix)

        monkeypatch.setattr(LocalStore, "delete", delete)
        assert retention(app)["cases"] == 1
        [left] = client.get("/api/v1/cases", headers=alice).json()["items"]
        assert len(client.get(f"/api/v1/cases/{left['id']}", headers=alice).json()["images"]) == 2

    def test_the_audit_log_says_what_was_deleted(self, app, client, root, upload, done):
        image = upload().json()["existing_image_id"]
        age(app, 31)
        retention(app, dry_run=True)
        counts = retention(app)
        retention(app)
        events = client.get("/api/v1/audit", params={"actor": "retention"}, headers=root).json()["items"]
        told = [(each["action"], each["target_id"], each["detail"]) for each in events]
        ended = ("retention.end", None)
        of_image = {"prefixes": [f"jobs/{done}", f"images/{image}"]}
        assert told == [(*ended, {}), (*ended, counts), ("image.remove", image, of_image)], "newest first; no dry run"

    @pytest.mark.parametrize(("age_days", "limit"), [(29, 30), (1000, None)])
    def test_what_is_young_stays_and_so_does_all_without_a_limit(self, app, client, alice, done, age_days, limit):
        age(app, age_days)
        before = keys(app)
        assert "images" not in retention(app, limit)
        assert keys(app) == before
        assert client.get(f"/api/v1/jobs/{done}", headers=alice).status_code == 200

    def test_a_clock_that_is_ahead_deletes_nothing(self, app, client, alice, root, done, monkeypatch):
        age(app, 1)
        retention(app)
        before = keys(app)
        monkeypatch.setattr(clock_check, "now", lambda: now() + 3650 * DAY)
        monkeypatch.setattr(clock_check, "shared_now", lambda _session: now() + 3650 * DAY)
        monkeypatch.setattr("gateway.operations.retention.now", lambda: now() + 3650 * DAY)
        for dry_run in (False, True, False):  # a refused run is no run that the next one may compare with
            with pytest.raises(ClockError, match="clock may be ahead"):
                retention(app, dry_run=dry_run)
        assert keys(app) == before
        assert client.get(f"/api/v1/jobs/{done}", headers=alice).status_code == 200
        run = Retention(app.state.sessions, app.state.store, 30 * DAY, after_pause=True).run()
        assert run["images"] == 1, "the administrator has said that the clock is right"

    def test_a_clock_that_differs_from_the_databases_deletes_nothing(self, app, done, monkeypatch):
        age(app, 31)
        before = keys(app)
        monkeypatch.setattr(clock_check, "now", lambda: now() + DAY)
        with pytest.raises(ClockError, match="Set both clocks"):
            Retention(app.state.sessions, app.state.store, 30 * DAY, after_pause=True).run()
        assert keys(app) == before

    def test_a_job_that_is_not_over_stays(self, app, job):
        age(app, 400)
        assert "images" not in retention(app)

    def test_a_dry_run_deletes_nothing(self, app, done):
        age(app, 31)
        before = keys(app)
        assert retention(app, dry_run=True)["images"] == 1
        assert keys(app) == before

    def test_orphans_go_after_a_day_even_without_a_limit(self, app, done):
        app.state.store.put("images/no-row/original", b"x")
        app.state.store.put("jobs/no-row/inference/1/result.json", b"x")
        mine = keys(app)
        assert retention(app, None) == {}, "an upload is an object before it is a row"
        age(app, 2)
        assert retention(app, None)["orphans"] == 2
        assert keys(app) == {key for key in mine if "no-row" not in key}

    def test_what_an_overtaken_attempt_left_goes(self, app, client, alice, worker, job):
        lost = worker.claim(job)
        app.state.store.put(f"{lost['output_prefix']}/display.png", b"half")
        failure = {"attempt": 1, "code": "internal_error", "detail": "x", "retryable": True}
        assert worker.post(job, "inference", "fail", **failure).status_code == 204
        worker.infer(job)
        age(app, 2)
        worker.render(job)
        assert retention(app, None) == {"overtaken attempts": 1}, "although what is elsewhere in the job is young"
        assert retention(app, None) == {}, "it is gone"
        assert f"{lost['output_prefix']}/display.png" not in keys(app)
        assert client.get(f"/api/v1/jobs/{job}/report", headers=alice).status_code == 200

    def test_answers_of_requests_with_a_key_go_after_a_day(self, app, client, alice):
        for key in ("old", "young"):
            client.post("/api/v1/cases", headers=alice | {"Idempotency-Key": key}, json={"pseudonym": "P-1"})
        with app.state.sessions.begin() as session:
            session.query(KeyedRequest).filter_by(key="old").one().created_at -= DAY
        assert retention(app, None) == {"keyed answers": 1}
        with app.state.sessions() as session:
            assert [row.key for row in session.query(KeyedRequest)] == ["young"]

    def test_a_case_goes_as_a_whole(self, app, client, alice, upload, worker):
        case = client.post("/api/v1/cases", headers=alice, json={"pseudonym": "P-1"}).json()["id"]
        jobs = [upload(case_id=case, content=None).json()["job"]["id"]]
        for job in jobs:
            worker.infer(job)
            worker.render(job)
        age(app, 31)
        with app.state.sessions.begin() as session:  # one image came later: the case stays
            session.scalars(select(Image)).one().created_at = now()
        assert "cases" not in retention(app)
        age(app, 31)
        assert retention(app)["cases"] == 1
        assert client.get(f"/api/v1/cases/{case}", headers=alice).status_code == 404
        assert keys(app) == set()
