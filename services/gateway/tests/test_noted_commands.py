"""What administrators do on the server itself is in the audit log of its database."""

import os
import shutil

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from gateway.audit.commands import app as audit
from gateway.audit.models import AuditEvent
from gateway.audit.verification import verify
from gateway.command_line import tell_what_is_changed
from gateway.database import make_engine, make_session_factory
from gateway.operations.backup_commands import app as backups
from gateway.operations.encryption_commands import app as encryption
from gateway.settings import get_settings
from lobule.storage import open_configured_store

KEYS = {"SECRET_KEY": "s" * 32, "INTERNAL_TOKEN": "t" * 32, "MASTER_KEY": "m" * 32, "REDIS_URL": "unix:///nowhere"}


@pytest.fixture
def server(tmp_path, migrated_sqlite, monkeypatch):
    """Makes the environment that of a new server of a name; returns its events."""
    for name, value in KEYS.items():
        monkeypatch.setenv(f"LOBULE_{name}", value)

    def begin(name: str):
        (tmp_path / name).mkdir()
        url = f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / name / 'lobule.sqlite')}"
        monkeypatch.setenv("LOBULE_DATABASE_URL", url)
        monkeypatch.setenv("LOBULE_OBJECT_STORE_URL", (tmp_path / name / "objects").as_uri())
        get_settings.cache_clear()
        open_configured_store(get_settings()).put("images/a/original", b"x")

        def events() -> list[tuple[str, dict]]:
            with make_session_factory(make_engine(url))() as session:
                assert list(verify(session, get_settings().audit_secret, [])) == []
                return [
                    (each.action, each.detail) for each in session.scalars(select(AuditEvent).order_by(AuditEvent.at))
                ]

        return events

    yield begin
    get_settings.cache_clear()


def run(app, *words) -> None:
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, done.output


def test_backups_and_what_is_restored_from_them(server, tmp_path):
    folder = tmp_path / "backup"
    server("first")
    run(backups, "create", folder)
    events = server("second")
    run(backups, "restore", folder)
    [*_, (action, detail)] = events()
    assert (action, detail["folder"]) == ("backup.restore", str(folder))


def test_folders_whose_names_are_not_utf8(server, tmp_path):
    events = server("first")
    run(backups, "create", os.fsdecode(bytes(tmp_path) + b"/k\xe9"))
    assert [detail["folder"] for _, detail in events()] == [f"{tmp_path}/k?"]


def test_missing_objects_that_are_restored(app, client, alice, upload, picture, tmp_path, monkeypatch, headers_of):
    kept, purged = (upload(picture(number)).json()["image"]["id"] for number in range(2))
    settings = app.state.settings
    for name in ("database_url", "object_store_url", "redis_url"):
        monkeypatch.setenv(f"LOBULE_{name.upper()}", str(getattr(settings, name)))
    for name in ("secret_key", "internal_token"):
        monkeypatch.setenv(f"LOBULE_{name.upper()}", getattr(settings, name).get_secret_value())
    get_settings.cache_clear()
    run(backups, "create", tmp_path / "backup")
    assert client.delete(f"/api/v1/images/{purged}", headers=alice).status_code == 204
    app.state.store.delete("images")
    check = ["check", "--restore-from", str(tmp_path / "backup")]
    assert CliRunner().invoke(backups, ["check"]).exit_code == 1
    done = CliRunner().invoke(backups, check)
    assert (done.exit_code, f"restored: images/{kept}/original" in done.output) == (0, True), done.output
    assert purged not in done.output
    assert client.get(f"/api/v1/images/{kept}/content", headers=alice).status_code == 200
    events = client.get("/api/v1/audit", params={"action": "backup"}, headers=headers_of("root")).json()["items"]
    assert [each["action"] for each in events] == ["backup.restore_objects", "backup.create"]
    (tmp_path / "backup" / "objects" / f"images/{kept}/original").write_bytes(b"something else")
    app.state.store.delete("images")
    done = CliRunner().invoke(backups, check)
    assert (done.exit_code, f"damaged in the backup: images/{kept}/original" in done.output) == (1, True)
    assert "Restored: 0 objects.\nMissing: 1 object." in done.output
    shutil.rmtree(tmp_path / "backup")
    assert CliRunner().invoke(backups, check).exit_code == 1
    get_settings.cache_clear()


def test_a_log_of_another_key_is_said_to_be_so(server, tmp_path, monkeypatch):
    server("first")
    run(backups, "create", tmp_path / "backup")
    run(audit, "verify")
    monkeypatch.setenv("LOBULE_SECRET_KEY", "o" * 32)
    get_settings.cache_clear()
    done = CliRunner().invoke(audit, ["verify"])
    assert (done.exit_code, "LOBULE_AUDIT_KEYS_BEFORE" in done.output) == (1, True)
    monkeypatch.setenv("LOBULE_AUDIT_KEYS_BEFORE", KEYS["SECRET_KEY"])
    get_settings.cache_clear()
    run(audit, "verify")


def test_keys_that_a_backup_forgets(server, tmp_path):
    events = server("first")
    run(backups, "create", tmp_path / "backup")
    run(backups, "forget-keys", tmp_path / "backup")
    assert [action for action, _ in events()] == ["backup.create", "backup.forget"]


def test_encryption(server):
    events = server("first")
    run(encryption, "apply")
    run(encryption, "rotate")
    assert events() == [("encryption.apply", {"objects": 0}), ("encryption.rotate", {"keys": 0, "failed": 0})]


@pytest.mark.parametrize(
    "url",
    ["postgresql+psycopg://lobule:hunter2@db/lobule", "postgresql+psycopg://lobule@/lobule?host=db&password=hunter2"],
)
def test_commands_print_no_password_of_the_database(server, monkeypatch, capsys, url):
    server("a")
    monkeypatch.setenv("LOBULE_DATABASE_URL", url)
    get_settings.cache_clear()
    tell_what_is_changed(get_settings())
    said = capsys.readouterr().err
    assert "hunter2" not in said
    assert "lobule" in said
    assert "db" in said
