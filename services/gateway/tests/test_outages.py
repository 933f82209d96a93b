"""The database or the store is away, busy or full: clients are told to come again, and nothing is half done."""

import errno
import os
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import postgres
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from gateway.images.models import Image
from gateway.migrate import migrate
from gateway.users.repository import locked_role
from lobule.dead_peers import TCP_OPTIONS

UPLOADS = 8


class _Wrong:
    """In place of `datetime`: a clock that is wrong by so much."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self, zone: tzinfo) -> datetime:
        return datetime.now(zone) + self._by


class TestOnPostgres:
    @pytest.fixture
    def app(self, make_app, migrated_postgres_url):
        return make_app(migrated_postgres_url)

    @pytest.mark.parametrize("round_", range(3))
    def test_uploads_into_one_case_at_once(self, client, alice, upload, picture, round_):
        case = client.post("/api/v1/cases", json={"pseudonym": f"P-{round_}"}, headers=alice).json()["id"]
        with ThreadPoolExecutor(UPLOADS) as pool:
            answers = list(pool.map(lambda n: upload(picture(n), modality="mammography", case_id=case), range(UPLOADS)))
        assert [answer.status_code for answer in answers] == [202] * UPLOADS, [answer.text for answer in answers]
        assert len(client.get(f"/api/v1/cases/{case}", headers=alice).json()["images"]) == UPLOADS

    def test_a_frozen_server_holds_no_request_for_ever(self, app, client, alice, monkeypatch):
        """Its kernel still acknowledges packets; only the server's process does not answer."""
        monkeypatch.setattr("gateway.postgres_connection.ANSWER_WITHIN_S", 1.0)
        app.state.engine.dispose()
        with app.state.sessions() as session:
            process = session.scalar(text("SELECT pg_backend_pid()"))
            os.kill(process, signal.SIGSTOP)
            thaw = threading.Timer(30, os.kill, (process, signal.SIGCONT))  # so that the query ends in any case
            thaw.start()
            try:
                with pytest.raises(OperationalError, match="no answer within 1 seconds"):
                    session.scalar(text("SELECT 1"))
            finally:
                thaw.cancel()
                os.kill(process, signal.SIGCONT)
        assert client.get("/api/v1/cases", headers=alice).status_code == 200

    def test_a_server_that_only_reads_is_away_until_another_one_writes(self, app, client, alice, upload, picture):
        """As after a failover, or where a provider refuses changes because the disk is nearly full."""
        name = app.state.engine.url.database
        app.state.readiness.kept_s = 0

        def only_reads(how: str) -> None:
            with app.state.engine.connect() as connection:
                connection.execution_options(isolation_level="AUTOCOMMIT")
                connection.execute(text("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE"))
                connection.execute(text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {how}'))
                connection.invalidate()

        only_reads("on")
        app.state.engine.dispose()
        answer = upload()
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["database"]) == (503, False)
        assert client.get("/api/v1/cases", headers=alice).status_code == 200, "what is there can be read"
        only_reads("off")  # for new connections
        upload(picture(1))  # perhaps with a connection of before
        assert upload(picture(2)).status_code == 202
        assert client.get("/readyz").json()["database"]

    def test_two_tabs_that_open_one_case(self, client, alice, case):
        with ThreadPoolExecutor(2) as pool:
            visits = [pool.submit(client.put, f"/api/v1/cases/{case}/visit", headers=alice) for _ in range(8)]
        assert [visit.result().status_code for visit in visits] == [204] * 8

    def test_what_another_transaction_made_since_it_was_looked_for(self, client, headers_of, monkeypatch):
        root = headers_of("root")
        assert client.post("/api/v1/groups", headers=root, json={"name": "Unit B"}).status_code == 201
        monkeypatch.setattr("gateway.groups.repository.by_name", lambda *_: None)
        answer = client.post("/api/v1/groups", headers=root, json={"name": "Unit B"})
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")

    @pytest.mark.parametrize("deleted", ["user_groups", "users"])
    def test_a_member_is_added_while_the_group_or_the_user_is_deleted(
        self, app, client, headers_of, new_user, monkeypatch, deleted
    ):
        root = headers_of("root")
        new_user("eve")
        group = client.post("/api/v1/groups", headers=root, json={"name": "Unit C"}).json()["id"]

        def delete(session: Session, user_id: str) -> str:
            with app.state.sessions.begin() as other:
                other.execute(
                    text(f"DELETE FROM {deleted} WHERE id = :id"), {"id": {"users": user_id}.get(deleted, group)}
                )
            return locked_role(session, user_id)

        monkeypatch.setattr("gateway.groups.service.locked_role", delete)
        answer = client.put(f"/api/v1/groups/{group}/members/eve", headers=root)
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert "was deleted" in answer.json()["detail"]

    def test_a_group_is_renamed_while_it_is_deleted(self, app, client, headers_of, monkeypatch):
        root = headers_of("root")
        group = client.post("/api/v1/groups", headers=root, json={"name": "Unit D"}).json()["id"]

        def delete(*_: object) -> None:
            with app.state.sessions.begin() as other:
                other.execute(text("DELETE FROM user_groups WHERE id = :id"), {"id": group})

        monkeypatch.setattr("gateway.groups.repository.by_name", delete)
        answer = client.patch(f"/api/v1/groups/{group}", headers=root, json={"name": "Unit E"})
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")

    @pytest.mark.parametrize("minutes", [-10, 10])
    def test_a_gateway_whose_clock_is_wrong_takes_no_step_away(self, client, job, worker, monkeypatch, minutes):
        claim = worker.claim(job)
        monkeypatch.setattr("gateway.clock.datetime", _Wrong(timedelta(minutes=minutes)))
        client.app.state.reaper.requeue_expired()
        assert worker.post(job, "inference", "heartbeat", attempt=claim["attempt"]).status_code == 204
        client.app.state.reaper.requeue_expired()
        worker.leave_result(claim)
        assert worker.post(job, "inference", "complete", attempt=claim["attempt"]).status_code == 204
        worker.render(job)


def test_the_file_of_an_upload_outlives_a_commit_that_ends_in_an_error(client, app, alice, case, upload, picture):
    """Such an error does not tell whether the database has committed; without the file, its image would be lost."""
    engine = app.state.sessions.kw["bind"]

    def fail_after_the_commit(connection):
        event.remove(engine, "commit", fail_after_the_commit)
        connection.connection.commit()  # as the database did before the connection broke
        raise OperationalError("COMMIT", {}, Exception("the connection is gone"))

    def fail_with_the_next_image(session, _context, _instances):
        if any(isinstance(each, Image) for each in session.new):
            event.listen(engine, "commit", fail_after_the_commit)

    event.listen(Session, "before_flush", fail_with_the_next_image)
    try:
        lost = upload(picture(1), modality="mammography", case_id=case)
    finally:
        event.remove(Session, "before_flush", fail_with_the_next_image)
    assert lost.status_code == 500, lost.text
    known = upload(picture(1), modality="mammography", case_id=case)
    assert (known.status_code, known.json()["code"]) == (409, "duplicate_image")
    content = client.get(f"/api/v1/images/{known.json()['existing_image_id']}/content", headers=alice)
    assert content.content == picture(1)


class TestPostgresGoesAway:
    @pytest.fixture
    def server(self):
        """A server of the test's own; closing the stack stops it."""
        if not postgres.installed():
            pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
        with ExitStack() as stack:
            stack.address = stack.enter_context(postgres.running_postgres())
            yield stack

    @pytest.fixture
    def app(self, make_app, server):
        url = postgres.new_database(server.address)
        migrate(url)
        return make_app(url)

    def test_clients_are_told_to_come_again(self, client, alice, server):
        assert client.get("/api/v1/cases", headers=alice).status_code == 200
        server.close()
        answer = client.get("/api/v1/cases", headers=alice)
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        assert answer.headers["Retry-After"] == "5"
        assert "psycopg" not in answer.text
        page = client.get("/", headers={"Accept": "text/html", **alice})
        assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
        assert "Temporarily unavailable" in page.text

    def test_a_connection_whose_server_has_vanished_is_given_up(self, client):
        """Such as after a power failure: otherwise its request would wait for 15 minutes."""
        with client.app.state.engine.connect() as connection:
            number = os.dup(connection.connection.dbapi_connection.fileno())
            with socket.socket(fileno=number) as of_database:
                assert of_database.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
                options = {name: of_database.getsockopt(socket.IPPROTO_TCP, name) for name in TCP_OPTIONS}
        assert options == TCP_OPTIONS


def test_the_disk_of_the_database_is_full(app, client, alice, upload, picture):
    @event.listens_for(app.state.sessions.kw["bind"], "begin")
    def no_page_more(connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")  # SQLite takes its present size for that

    answers = [upload(picture(colour)) for colour in range(40)]
    accepted = [answer.json()["job"]["id"] for answer in answers if answer.status_code == 202]
    refused = {(answer.status_code, answer.json()["code"]) for answer in answers if answer.status_code != 202}
    assert refused == {(507, "storage_full")}
    there = client.get("/api/v1/jobs", headers=alice, params={"limit": 100}).json()["items"]
    assert {job["id"] for job in there} == set(accepted), "what was accepted is there, what was refused is not"


@pytest.mark.parametrize(
    ("number", "answered"), [(errno.ENOSPC, (507, "storage_full")), (errno.EROFS, (503, "storage_unavailable"))]
)
def test_the_disk_of_the_store_is_full_or_read_only(upload, tmp_path, monkeypatch, number, answered):
    def fail(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        answer = upload()
        assert (answer.status_code, answer.json()["code"]) == answered
    assert [path for path in (tmp_path / "objects").rglob("*") if path.is_file()] == []
    assert upload().status_code == 202


def test_an_accepted_file_is_on_the_disk(upload, tmp_path, monkeypatch):
    synced: list[Path] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    assert upload().status_code == 202
    objects = tmp_path / "objects"
    [file] = (path for path in (objects / "images").rglob("*") if path.is_file())
    assert len([path for path in synced if path.parent.name == ".incoming"]) == 1, "the file without metadata, alone"
    assert {file.parent, objects / "images", objects} <= set(synced)


def test_a_mistake_of_ours_is_no_outage(app, client, alice):
    with app.state.sessions.begin() as session:
        session.execute(text("ALTER TABLE cases RENAME TO elsewhere"))
    answer = TestClient(app, raise_server_exceptions=False).get("/api/v1/cases", headers=alice)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
