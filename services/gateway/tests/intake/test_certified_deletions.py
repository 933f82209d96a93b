"""The deletion of a case or an image is certified: by the audit log, and by what the store still has."""

import json

import pytest
from typer.testing import CliRunner

from gateway.audit.models import AuditEvent
from gateway.audit.service import record
from gateway.purge import commands
from lobule.storage.local import LocalStore


@pytest.fixture
def certificate(app, monkeypatch):
    """Runs the command; gives its exit status and the certificate."""
    monkeypatch.setattr(commands, "settings_at", lambda _home: app.state.settings)

    def ask(target: str) -> tuple[int, dict]:
        done = CliRunner().invoke(commands.app, ["certificate", target])
        return done.exit_code, json.loads(done.stdout or "{}")

    return ask


@pytest.mark.parametrize("kind", ["case", "image"])
def test_what_was_deleted_is_certified_with_the_backups_that_have_it(app, client, alice, case, send, certificate, kind):
    image = send(0).json()["image"]["id"]
    target = {"case": case, "image": image}[kind]
    assert certificate(target)[0] == 2, "it is still there"
    with app.state.sessions.begin() as session:
        record(session, None, "lobule", "backup.create", detail={"folder": "/srv/backup"})
    assert client.delete(f"/api/v1/{kind}s/{target}", headers=alice).is_success
    with app.state.sessions.begin() as session:
        record(session, None, "lobule", "backup.create", detail={"folder": "/srv/later"})
    status, said = certificate(target)
    assert (status, said["kind"], said["by"], said["left_rows"], said["left_objects"]) == (0, kind, "alice", 0, 0)
    assert [each["folder"] for each in said["backups"]] == ["/srv/backup"]
    with app.state.sessions() as session:
        event = session.get_one(AuditEvent, said["event"])
        assert (event.target_id, event.link) == (target, said["link"])


def test_what_the_store_has_kept_is_counted(app, client, alice, send, certificate, monkeypatch):
    sent = send(0).json()
    monkeypatch.setattr(LocalStore, "delete", lambda _store, _prefix: None)
    assert client.delete(f"/api/v1/images/{sent['image']['id']}", headers=alice).status_code == 204
    status, said = certificate(sent["image"]["id"])
    assert (status, said["left_objects"] > 0) == (1, True)


def test_of_several_people_who_see_it_the_one_who_took_it_out_is_named(client, alice, case, send, certificate):
    image = send(0).json()["image"]["id"]
    said = {"into": "deletion", "reason": "sent under another order"}
    assert client.post(f"/api/v1/images/{image}/exclusion", json=said, headers=alice).is_success
    status, told = certificate(image)
    assert (status, told["by"], told["detail"]["reason"]) == (0, "alice", "sent under another order")


def test_an_image_that_went_with_its_case_has_the_certificate_of_the_case(client, alice, case, send, certificate):
    image = send(0).json()["image"]["id"]
    assert client.delete(f"/api/v1/cases/{case}", headers=alice).is_success
    status, said = certificate(image)
    assert (status, said["kind"], said["id"], said["detail"]["images"]) == (0, "case", case, 1)
