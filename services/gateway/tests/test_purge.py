"""A purge deletes everything of one patient, nothing of others, and certifies it."""

import hashlib
import json
import os
from pathlib import Path

import pytest
from dicomweb_objects import REPORT, STUDY, hand_over, made
from sqlalchemy import select, text
from typer.testing import CliRunner

from gateway.audit.models import AuditEvent
from gateway.audit.service import record
from gateway.audit.verification import verify
from gateway.clock import now
from gateway.database import reading
from gateway.idempotency.models import KeyedRequest
from gateway.purge import commands
from gateway.purge.schemas import Certificate
from gateway.purge.service import Purge, note_of_command
from gateway.webhooks.models import Delivery

ASKED = {"patient_id": "P-4711", "reason": "asked for on 2 March"}
FILM = {"name": "a.dcm", "modality": "mammography"}
NODE = {"ae_title": "LOBULE", "version": "1", "started_at": "2026-01-01T00:00:00Z", "free_bytes": 1, "collecting": 0}
NODE |= {"waiting": 0, "peers": [], "rules": [], "dead": [], "associations": []}


@pytest.fixture
def film(draw_film, write_dicom, tmp_path):
    """The bytes of a film."""
    numbers = iter(range(100))

    def make(patient: str = "P-4711", **tags) -> bytes:
        number = next(numbers)
        said = {"StudyInstanceUID": f"{STUDY}.{number}", "PatientID": patient} | tags
        return write_dicom(tmp_path / "film.dcm", draw_film(seed=number), 12, **said).read_bytes()

    return make


@pytest.fixture
def held(app, client, alice, headers_of, new_user, upload, film, case, worker):
    """Cases of two owners and a film without a case, all of one patient; and a case of another patient."""
    new_user("pacs", role="service")
    pacs, bob = headers_of("pacs"), headers_of("bob")
    sent = upload(film(StudyInstanceUID=STUDY), case_id=case, **FILM)
    worker.infer(sent.json()["job"]["id"])
    assert upload(film(), case_id=case, **FILM).status_code == 202
    report = made(REPORT, "SR", PatientID="P-4711", PatientName="Test^Film")
    assert hand_over(client, alice, case, report).status_code == 201
    assert client.post("/api/v1/nodes/report", json={"report": NODE}, headers=pacs).status_code == 200
    theirs = client.post("/api/v1/cases", json={"pseudonym": "PACS-1"}, headers=pacs).json()["id"]
    assert upload(film(), headers=pacs, case_id=theirs, **FILM).status_code == 202
    assert upload(film(), headers=bob, **FILM).status_code == 202
    assert client.post("/api/v1/previews", headers=bob, files={"file": ("a.dcm", film())}).status_code == 202
    other = client.post("/api/v1/cases", json={"pseudonym": "P-9"}, headers=bob).json()["id"]
    assert upload(film("P-9"), headers=bob, case_id=other, **FILM).status_code == 202
    partial = app.state.store.inner.root / ".incoming" / "half"
    partial.write_bytes(b"half a film")
    os.utime(partial, (0, 0))
    return {"cases": {case, theirs}, "other": other}


def objects(app) -> set[str]:
    files = [path for path in app.state.store.inner.root.rglob("*") if path.is_file()]
    return {path.relative_to(app.state.store.inner.root).as_posix() for path in files}


def test_everything_of_the_patient_goes_and_nothing_else(app, client, alice, root, headers_of, held):
    before = objects(app)
    counted = client.post("/api/v1/patients/purge", json=ASKED | {"dry_run": True}, headers=root).json()
    assert objects(app) == before
    answer = client.post("/api/v1/patients/purge", json=ASKED, headers=root)
    assert answer.status_code == 200, answer.text
    said = Certificate.model_validate(answer.json())
    assert set(said.case_ids) == held["cases"] == set(counted["case_ids"])
    assert said.deleted.model_dump() == counted["deleted"]
    assert (said.deleted.cases, said.deleted.images, said.deleted.dicom_objects) == (2, 4, 1)
    assert (said.deleted.analyses, said.left_rows, said.left_objects, said.shared_cases) == (4, 0, 0, 0)
    assert said.deleted.objects > 5
    assert said.deleted.bytes > 10_000
    bob = headers_of("bob")
    [kept] = client.get("/api/v1/images", headers=bob).json()["items"]
    assert {key.split("/")[1] for key in objects(app)} == {kept["id"]}
    assert client.get(f"/api/v1/cases/{held['other']}", headers=bob).status_code == 200
    assert client.get("/api/v1/images", headers=alice).json()["total"] == 0
    with app.state.sessions() as session:
        for table in ("result_instances", "case_reports", "kept_identities"):
            assert session.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0, table


def test_the_database_file_has_no_bytes_of_it_left(app, client, root, headers_of, held):
    engine = app.state.sessions.kw["bind"]
    if engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL overwrites deleted rows when it vacuums")

    def count(word: bytes) -> int:
        folder, name = os.path.split(engine.url.database)
        return sum(path.read_bytes().count(word) for path in Path(folder).glob(f"{name}*"))

    theirs = next(iter(held["cases"]))
    with app.state.sessions.begin() as session:
        session.execute(text("UPDATE cases SET pseudonym = 'Zebra-4711' WHERE id = :id"), {"id": theirs})
    assert count(b"Zebra-4711") > 0
    assert client.post("/api/v1/patients/purge", json=ASKED, headers=root).status_code == 200
    assert count(b"Zebra-4711") == 0


def test_the_certificate_is_in_the_audit_log_and_names_nobody(app, client, root, held):
    said = client.post("/api/v1/patients/purge", json=ASKED, headers=root).json()
    with reading(app.state.sessions) as session:
        [event] = session.scalars(select(AuditEvent).where(AuditEvent.action == "patient.purge"))
        assert (event.actor_name, event.target_id) == ("root", said["id"])
        certificate = Certificate.model_validate(said).model_dump_json()
        assert event.detail["certificate_sha256"] == hashlib.sha256(certificate.encode()).hexdigest()
        assert event.link
        assert list(verify(session, app.state.settings.audit_secret, [])) == []
        detail = dict(event.detail)
    assert "P-4711" not in json.dumps([said, detail])


def test_nodes_are_asked_to_delete_their_films(client, root, held):
    said = client.post("/api/v1/patients/purge", json=ASKED, headers=root).json()
    assert len(said["nodes"]) == 1
    [node] = client.get("/api/v1/nodes", headers=root).json()
    tasks = client.get(f"/api/v1/nodes/{node['id']}/tasks", headers=root).json()
    assert [(task["id"], task["kind"]) for task in tasks] == [(said["nodes"][0], "purge")]
    assert tasks[0]["peer"] in held["cases"]


def test_only_administrators_purge(client, alice, headers_of, new_user):
    new_user("ada", role="auditor")
    for who in (alice, headers_of("ada")):
        assert client.post("/api/v1/patients/purge", json=ASKED, headers=who).status_code == 403


def test_a_patient_of_whom_there_is_nothing_is_certified_as_well(client, root):
    said = client.post("/api/v1/patients/purge", json=ASKED | {"patient_id": "nobody-knows"}, headers=root).json()
    assert (said["deleted"]["images"], said["left_rows"], said["backups"]) == (0, 0, [])


def test_messages_about_the_patient_and_kept_answers_go(app, client, alice, root, case, held):
    hook = client.post("/api/v1/webhooks", json={"url": "https://93.184.216.34/hook"}, headers=alice).json()["id"]
    keyed = alice | {"Idempotency-Key": "once"}
    assert client.post("/api/v1/cases", json={"pseudonym": "P-10"}, headers=keyed).status_code == 201
    [theirs, *_] = client.get("/api/v1/jobs", headers=alice).json()["items"]
    about = [(theirs["id"], {}), ("", {"case_id": case}), ("", {"case_id": held["other"]}), ("kept", {})]
    with app.state.sessions.begin() as session:
        for job_id, data in about:
            message = {"type": "job.finished", "data": data}
            session.add(Delivery(webhook_id=hook, job_id=job_id, payload=message, next_at=now()))
    counted = client.post("/api/v1/patients/purge", json=ASKED | {"dry_run": True}, headers=root).json()
    said = client.post("/api/v1/patients/purge", json=ASKED, headers=root).json()
    assert said["deleted"] == counted["deleted"]
    assert said["deleted"]["answers"] == 1
    with reading(app.state.sessions) as session:
        left = [(each.job_id, each.payload["data"]) for each in session.scalars(select(Delivery))]
        assert sorted(left, key=str) == sorted(about[2:], key=str)
        [kept] = session.scalars(select(KeyedRequest))
        assert (kept.status, kept.headers, kept.body) == (None, None, None)
    again = client.post("/api/v1/cases", json={"pseudonym": "P-10"}, headers=keyed)
    assert (again.status_code, again.json()["code"]) == (409, "answer_lost"), "and no second case"


@pytest.mark.parametrize("patient", ["anonymous", "7777", " "])
def test_nobody_is_not_certified(app, client, root, monkeypatch, patient):
    refused = client.post("/api/v1/patients/purge", json=ASKED | {"patient_id": patient}, headers=root)
    assert (refused.status_code, refused.json()["code"]) == (422, "patient_is_nobody")
    monkeypatch.setattr(commands, "settings_at", lambda _home: app.state.settings)
    done = CliRunner().invoke(commands.app, ["purge", "--reason", "asked for", patient])
    assert (done.exit_code, done.stdout) == (2, "")


@pytest.mark.parametrize("asked", [["--reason", "r" * 201, "P-1"], ["--reason", "", "P-1"], ["--reason", "r", ""]])
def test_the_command_has_the_bounds_of_the_api(app, monkeypatch, asked):
    monkeypatch.setattr(commands, "settings_at", lambda _home: app.state.settings)
    done = CliRunner().invoke(commands.app, ["purge", *asked], input="P-1\n")
    assert (done.exit_code, done.stdout) == (2, "")


@pytest.mark.parametrize("written", ["", "\n", "P-1\nP-2\n"])
@pytest.mark.parametrize("command", [["purge", "--reason", "asked for"], ["backups"]])
def test_the_command_takes_one_patient_and_leaves_out_none(app, monkeypatch, command, written):
    monkeypatch.setattr(commands, "settings_at", lambda _home: app.state.settings)
    done = CliRunner().invoke(commands.app, command, input=written)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Please give one PatientID" in done.stderr


class TestWhereTheStoreFails:
    """What is left is certified as left, and the next purge deletes it."""

    @pytest.fixture
    def broken(self, app, monkeypatch):
        """A store that deletes no image and no preview."""
        delete = app.state.store.delete

        def fail(prefix):
            if prefix.startswith(("images", "previews")):
                raise OSError(39, "Directory not empty")
            delete(prefix)

        monkeypatch.setattr(app.state.store, "delete", fail)
        return monkeypatch

    def test_the_certificate_counts_what_is_left_until_nothing_is(self, app, client, root, held, broken):
        first = client.post("/api/v1/patients/purge", json=ASKED, headers=root)
        assert first.status_code == 200, first.text
        left = first.json()["left_objects"]
        assert left > 4
        with reading(app.state.sessions) as session:
            assert session.scalars(select(AuditEvent).where(AuditEvent.action == "patient.purge")).one()
        again = client.post("/api/v1/patients/purge", json=ASKED, headers=root).json()
        assert (again["left_rows"], again["left_objects"]) == (0, left)
        broken.undo()
        last = client.post("/api/v1/patients/purge", json=ASKED, headers=root).json()
        assert (last["left_objects"], last["deleted"]["images"]) == (0, 0)
        assert last["deleted"]["objects"] > 0
        assert {key.split("/")[0] for key in objects(app)} == {"images"}

    def test_one_that_died_before_it_deleted_objects_is_taken_up(self, app, client, root, held, monkeypatch):
        def die(*_, **__):
            raise KeyboardInterrupt

        monkeypatch.setattr(Purge, "_delete_objects", die)
        with pytest.raises(KeyboardInterrupt):
            Purge(app.state.sessions, app.state.store, app.state.fingerprints).run(
                "P-4711", by="lobule", reason="asked for", note=note_of_command
            )
        monkeypatch.undo()
        said = client.post("/api/v1/patients/purge", json=ASKED, headers=root).json()
        assert said["left_objects"] == 0
        assert len({key.split("/")[1] for key in objects(app) if key.startswith("images/")}) == 1


def test_the_command_reads_the_patient_from_standard_input_and_names_backups(app, held, monkeypatch):
    with app.state.sessions.begin() as session:
        record(session, None, "lobule", "backup.create", detail={"folder": "/srv/backup"})
    monkeypatch.setattr(commands, "settings_at", lambda _home: app.state.settings)
    written = "\ufeffP-4711\r\n\r\n"  # as a Windows editor writes it
    done = CliRunner().invoke(commands.app, ["purge", "--reason", "asked for"], input=written)
    assert done.exit_code == 0, done.output
    said = Certificate.model_validate_json(done.stdout)
    assert (said.by, said.deleted.cases) == ("lobule", 2)
    assert [each.folder for each in said.backups] == ["/srv/backup"]
