"""Retention, backup and restore, and upgrades: on SQLite and on PostgreSQL, with objects in a folder."""

import hashlib
import json
import os
import time
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import inspect, select, update

from gateway.cases.models import Case
from gateway.clock import now
from gateway.database import make_engine
from gateway.idempotency.models import KeyedRequest
from gateway.images.models import Image
from gateway.jobs.models import Job
from gateway.migrate import NewerDatabaseError, lacks_migration, migrate
from gateway.operations import backup
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
    for path in app.state.store.root.rglob("*"):
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
        told = {(each["action"], each["target_id"]): each["detail"] for each in events}
        assert told == {("image.remove", image): {}, ("retention.run", None): counts}

    @pytest.mark.parametrize(("age_days", "limit"), [(29, 30), (1000, None)])
    def test_what_is_young_stays_and_so_does_all_without_a_limit(self, app, client, alice, done, age_days, limit):
        age(app, age_days)
        before = keys(app)
        assert "images" not in retention(app, limit)
        assert keys(app) == before
        assert client.get(f"/api/v1/jobs/{done}", headers=alice).status_code == 200

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


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def other_database(request, tmp_path) -> str:
    """An empty, migrated database to restore into."""
    url = f"sqlite:///{tmp_path / 'other.sqlite'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("new_postgres_url")()
    migrate(url)
    return url


class TestBackup:
    def test_there_and_back(self, app, make_app, client, alice, worker, job, tmp_path, other_database):
        worker.infer(job)
        worker.render(job)
        report = client.get(f"/api/v1/jobs/{job}/report", headers=alice).content
        image = client.get(f"/api/v1/jobs/{job}", headers=alice).json()["image_id"]
        client.patch(f"/api/v1/images/{image}", json={"study_date": "2026-03-01"}, headers=alice)
        made = backup.create(make_engine(app.state.settings.database_url), app.state.store, tmp_path / "backup")
        assert made.objects == len(keys(app))
        again = backup.create(make_engine(app.state.settings.database_url), app.state.store, tmp_path / "backup")
        assert (again.objects, again.known) == (0, made.objects), "objects never change, so they are copied once"
        engine, store = make_engine(other_database), LocalStore(tmp_path / "other-objects")
        restored = backup.restore(engine, store, tmp_path / "backup")
        assert (restored.rows, restored.objects) == (again.rows, made.objects)
        assert backup.missing_objects(engine, store) == []
        settings = app.state.settings.model_copy(
            update={"database_url": other_database, "object_store_url": store.root.as_uri()}
        )
        from gateway.main import create_app

        with TestClient(create_app(settings)) as other:
            grant = {"username": "alice", "password": "correct horse battery staple"}
            token = other.post("/api/v1/auth/token", json=grant).json()[
                "access_token"
            ]  # writes audit rows: numbers go on
            headers = {"Authorization": f"Bearer {token}"}
            assert other.get(f"/api/v1/jobs/{job}/report", headers=headers).content == report
            assert other.get(f"/api/v1/images/{image}", headers=headers).json()["study_date"] == "2026-03-01"

    def test_who_writes_does_not_wait_for_it(self, app, job, tmp_path, monkeypatch):
        read = backup.rows.read

        def read_and_write(connection, table):
            found = list(read(connection, table))
            with app.state.sessions.begin() as session:
                session.execute(update(Image).values(file_name="renamed.png"))
            return found

        monkeypatch.setattr(backup.rows, "read", read_and_write)
        engine = make_engine(app.state.settings.database_url)
        backup.create(engine, app.state.store, tmp_path / "backup")
        assert "renamed.png" not in (tmp_path / "backup" / "rows" / "images.jsonl").read_text(), "of one moment"

    def test_one_that_was_made_before_later_tables_and_columns(self, app, job, tmp_path):
        folder, url = tmp_path / "backup", f"sqlite:///{tmp_path / 'older.sqlite'}"
        backup.create(make_engine(app.state.settings.database_url), app.state.store, folder)
        migrate(url, "0008")
        about = json.loads((folder / "backup.json").read_text()) | {"revision": "0008"}
        there = inspect(make_engine(url))
        for name in list(about["tables"]):
            path = folder / "rows" / f"{name}.jsonl"
            if not there.has_table(name):
                del about["tables"][name]
                path.unlink()
                continue
            columns = {column["name"] for column in there.get_columns(name)}
            rows = [json.loads(line) for line in path.read_text().splitlines()]
            path.write_text("".join(json.dumps({c: row[c] for c in row.keys() & columns}) + "\n" for row in rows))
            about["tables"][name]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        assert {"last_review_changes", "modalities"}.isdisjoint(about["tables"])
        (folder / "backup.json").write_text(json.dumps(about))
        engine = make_engine(url)
        restored = backup.restore(engine, LocalStore(tmp_path / "other-objects"), folder)
        migrate(url)
        with engine.connect() as connection:
            assert connection.execute(select(Job.id)).scalars().all() == [job]
        assert restored.rows == sum(table["rows"] for table in about["tables"].values())

    def test_a_damaged_backup_is_refused(self, app, job, tmp_path, other_database):
        backup.create(make_engine(app.state.settings.database_url), app.state.store, tmp_path / "backup")
        rows = tmp_path / "backup" / "rows" / "jobs.jsonl"
        rows.write_text(rows.read_text().replace("queued", "done"))
        with pytest.raises(backup.BackupError, match="damaged"):
            backup.restore(make_engine(other_database), LocalStore(tmp_path / "o"), tmp_path / "backup")

    def test_never_over_what_is_there(self, app, job, tmp_path):
        engine = make_engine(app.state.settings.database_url)
        backup.create(engine, app.state.store, tmp_path / "backup")
        with pytest.raises(backup.BackupError, match="not empty"):
            backup.restore(engine, LocalStore(tmp_path / "o"), tmp_path / "backup")
        assert not any(path.is_file() for path in (tmp_path / "o").rglob("*")), "refused before an object is copied"
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "thesis.txt").write_text("x")
        with pytest.raises(backup.BackupError, match="another folder"):
            backup.create(engine, app.state.store, tmp_path / "mine")

    def test_missing_objects_are_named(self, app, job):
        app.state.store.delete("images")
        (missing,) = backup.missing_objects(make_engine(app.state.settings.database_url), app.state.store)
        assert missing.startswith("images/")


class TestUpgrade:
    def test_forward_and_back_with_data(self, app, client, alice, worker, job, other_database):
        url = app.state.settings.database_url
        app.state.readiness.kept_s = 0
        worker.infer(job)
        worker.render(job)
        migrate(url, "0002")
        with make_engine(url).connect() as connection:
            assert lacks_migration(connection)
        assert client.get("/readyz").status_code == 503, "a version that needs more is not ready"
        migrate(url)
        assert client.get("/readyz").status_code == 200
        assert client.get(f"/api/v1/jobs/{job}/report", headers=alice).status_code == 200

    def test_a_database_of_a_newer_version(self, other_database):
        engine = make_engine(other_database)
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        with engine.connect() as connection:
            assert not lacks_migration(connection), "the version before goes on working while it is replaced"
        with pytest.raises(NewerDatabaseError, match="newer version"):
            migrate(other_database)
