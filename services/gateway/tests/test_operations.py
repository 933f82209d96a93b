"""Backup and restore, and upgrades: on SQLite and on PostgreSQL, with objects in a folder."""

import hashlib
import json
import shutil
from datetime import timedelta

import pytest
from alembic import command
from fastapi.testclient import TestClient
from psycopg.errors import DeadlockDetected
from sqlalchemy import inspect, select, text, update
from sqlalchemy.exc import OperationalError

from gateway.database import Base, make_engine
from gateway.images.models import Image
from gateway.jobs.models import Job
from gateway.migrate import NewerDatabaseError, current_revision, lacks_migration, migrate
from gateway.operations import backup
from gateway.operations.completeness import faulty_objects
from lobule.storage.local import LocalStore

DAY = timedelta(days=1)


@pytest.fixture
def app(app_on_each_database):
    """A gateway on each kind of database."""
    return app_on_each_database


def keys(app) -> set[str]:
    return {entry.key for kind in ("images", "jobs") for entry in app.state.store.entries(kind)}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def other_database(request, tmp_path) -> str:
    """An empty database with the present schema, to restore into."""
    if request.param == "postgresql":
        return request.getfixturevalue("new_postgres_url")(request.getfixturevalue("postgres_template"))
    return f"sqlite:///{shutil.copy(request.getfixturevalue('migrated_sqlite'), tmp_path / 'other.sqlite')}"


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
        assert list(faulty_objects(engine, store, contents=True)) == []
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

    @pytest.mark.parametrize("revision", ["0005", "0008", "0039"])
    def test_one_of_an_older_version_with_other_tables_and_columns(self, app, alice, job, tmp_path, revision):
        """Some tables and columns came later, and some are in no model any more."""
        folder, url = tmp_path / "backup", f"sqlite:///{tmp_path / 'older.sqlite'}"
        backup.create(make_engine(app.state.settings.database_url), app.state.store, folder)
        migrate(url, revision)
        about = json.loads((folder / "backup.json").read_text()) | {"revision": revision}
        there = inspect(make_engine(url))
        for name in list(about["tables"]):
            path = folder / "rows" / f"{name}.jsonl"
            if not there.has_table(name):
                del about["tables"][name]
                path.unlink()
                continue
            columns = {column["name"] for column in there.get_columns(name)}
            dropped = {"previous_hash": "of a version before"}
            rows = [json.loads(line) for line in path.read_text().splitlines()]
            rows = [{column: (dropped | row).get(column) for column in columns} for row in rows]
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
            about["tables"][name]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        assert about["tables"]["auth_sessions"]["rows"]
        assert {"last_review_changes", "modalities"}.isdisjoint(about["tables"]) == (revision < "0009")
        (folder / "backup.json").write_text(json.dumps(about))
        engine = make_engine(url)
        restored = backup.restore(engine, LocalStore(tmp_path / "other-objects"), folder)
        with engine.connect() as connection:
            hashes = connection.execute(text("SELECT previous_hash FROM auth_sessions")).scalars().all()
            assert set(hashes) == {"of a version before"}
        migrate(url)
        with engine.connect() as connection:
            assert connection.execute(select(Job.id)).scalars().all() == [job]
            assert not any(moment.tzinfo is None for moment in connection.execute(select(Job.created_at)).scalars())
        assert restored.rows == sum(table["rows"] for table in about["tables"].values())

    @pytest.mark.postgres
    def test_rows_are_read_in_pieces(self, migrated_postgres_url, monkeypatch):
        """A container that makes backups has less memory than the audit log of a year needs."""
        monkeypatch.setattr(backup.rows, "_TOGETHER", 2)
        with make_engine(migrated_postgres_url).connect() as connection:
            read = iter(backup.rows.read(connection, Base.metadata.tables["audit_chains"]))
            assert next(read)["id"]
            assert connection.scalar(text("SELECT count(*) FROM pg_cursors")) == 1
            assert len(list(read)) > 2

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
        [(missing, fault)] = faulty_objects(make_engine(app.state.settings.database_url), app.state.store)
        assert (missing.key.partition("/")[0], fault) == ("images", "missing")

    def test_missing_results_are_named(self, app, case, upload, picture, worker):
        for number in range(2):
            film = upload(picture(number), modality="mammography", case_id=case, view="CC", laterality="LR"[number])
            worker.infer(film.json()["job"]["id"])
        examination = worker.compare()["job_id"]
        engine = make_engine(app.state.settings.database_url)
        assert list(faulty_objects(engine, app.state.store)) == []
        app.state.store.delete("jobs")
        missing = [each.key for each, _ in faulty_objects(engine, app.state.store)]
        assert len(missing) == 3
        assert f"jobs/{examination}/examination/1/examination.json" in missing


class TestUpgrade:
    def test_forward_and_back_with_data(self, app, client, alice, worker, job):
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

    def test_a_deadlock_with_a_running_gateway_is_tried_again(self, other_database, monkeypatch):
        back, ended = command.downgrade, []

        def downgrade(config, revision):
            if not ended:
                ended.append(revision)
                raise OperationalError("DROP TABLE", {}, DeadlockDetected())
            back(config, revision)

        monkeypatch.setattr(command, "downgrade", downgrade)
        migrate(other_database, "0077")
        with make_engine(other_database).connect() as connection:
            assert (ended, current_revision(connection)) == (["0077"], "0077")

    def test_a_database_of_a_newer_version(self, other_database):
        engine = make_engine(other_database)
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        with engine.connect() as connection:
            assert not lacks_migration(connection), "the version before goes on working while it is replaced"
        with pytest.raises(NewerDatabaseError, match="newer version"):
            migrate(other_database)
