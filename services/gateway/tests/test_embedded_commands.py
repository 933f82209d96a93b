"""Commands of the gateway beside `lobule up`: they find its folder without any variable."""

import json
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
from datetime import timedelta

import pytest
from psycopg import errors
from sqlalchemy import func, select
from sqlalchemy.exc import InternalError, OperationalError, ProgrammingError
from typer.testing import CliRunner

from gateway.audit.models import BACKUP_CREATED, RETENTION_ENDED, AuditEvent
from gateway.audit.service import record
from gateway.command_line import commands
from gateway.database import make_engine, make_session_factory
from gateway.migrate import lacks_migration, migrate
from gateway.operations import backup
from gateway.settings import get_settings
from lobule.cli.main import build
from lobule.launcher.home import Home
from lobule.words import Words


@pytest.fixture
def home(tmp_path, monkeypatch, migrated_sqlite):
    """A folder as `lobule up` leaves it; nothing else is set."""
    for name in [name for name in os.environ if name.startswith("LOBULE_")]:
        monkeypatch.delenv(name)
    get_settings.cache_clear()
    folder = tmp_path / "lobule"
    Home.open(folder)
    shutil.copy(migrated_sqlite, folder / "lobule.sqlite")
    handlers = logging.root.handlers[:]
    yield folder
    logging.root.handlers[:] = handlers  # a command that logs leaves one for an output that is closed then
    get_settings.cache_clear()


def run(*arguments: str):
    return CliRunner().invoke(build(), arguments)


@pytest.mark.parametrize(
    "command",
    [
        ("backup", "check"),
        ("retention", "run", "--dry-run"),
        ("patient", "purge", "P-1", "--reason", "asked to", "--dry-run"),
        ("audit", "verify"),
        ("user", "list"),
        ("reports", "render", "--all"),
    ],
)
def test_a_command_finds_the_folder_of_lobule_up(home, command):
    done = run(*command, "--home", str(home))
    assert done.exit_code == 0, (done.output, done.exception)


def test_a_command_takes_the_secrets_of_the_folder_for_a_database_elsewhere(home, tmp_path, monkeypatch):
    """As `lobule up` does with LOBULE_DATABASE_URL."""
    (home / "lobule.sqlite").rename(tmp_path / "elsewhere.sqlite")
    monkeypatch.setenv("LOBULE_DATABASE_URL", f"sqlite:///{tmp_path}/elsewhere.sqlite")
    done = run("user", "list", "--home", str(home))
    assert done.exit_code == 0, (done.output, done.exception)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "var").mkdir()
    home.rename(tmp_path / "var" / "lobule")  # at the default place it may be another system's
    done = run("user", "list")
    assert (done.exit_code, "LOBULE_SECRET_KEY is not set" in done.stderr) == (78, True)


def test_a_backup_of_the_folder_is_made_and_noted(home, tmp_path):
    (home / "objects" / "images").mkdir()
    done = run("backup", "create", str(tmp_path / "backup"), "--home", str(home))
    assert done.exit_code == 0, (done.output, done.exception)
    assert json.loads((tmp_path / "backup" / "backup.json").read_text())["revision"]
    with make_session_factory(make_engine(Home.database_in(home))).begin() as session:
        noted = select(func.count()).where(AuditEvent.action == BACKUP_CREATED)
        assert session.scalars(noted).one() == 1


def test_a_backup_is_restored_into_a_folder_without_a_database(home, tmp_path):
    backup, new = tmp_path / "backup", tmp_path / "new"
    absent = run("backup", "restore", str(backup), "--home", str(new))
    assert (absent.exit_code, f"{backup} holds no backup" in absent.output) == (1, True)
    assert not new.exists()
    for command in (("backup", "create", str(backup)), ("audit", "anchor", str(tmp_path / "anchors"))):
        assert run(*command, "--home", str(home)).exit_code == 0
    assert run("backup", "create", str(backup), "--home", str(home)).exit_code == 0
    new.mkdir()
    shutil.copy(home / "secrets.json", new)
    done = run("backup", "restore", str(backup), "--home", str(new))
    assert done.exit_code == 0, (done.output, done.exception)
    verified = run("audit", "verify", "--anchors", str(tmp_path / "anchors"), "--home", str(new))
    assert verified.exit_code == 0, verified.output
    again = run("backup", "restore", str(backup), "--home", str(new))
    assert (again.exit_code, "not empty" in again.output) == (1, True)


def test_a_backup_of_a_newer_version_is_not_restored(home, tmp_path, monkeypatch):
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / "backup.json").write_text('{"revision": "9999"}')
    done = run("backup", "restore", str(tmp_path / "backup"), "--home", str(tmp_path / "new"))
    assert (done.exit_code, "a newer version made it" in done.stderr) == (1, True), done.stderr
    assert not (tmp_path / "new").exists()
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    done = run("backup", "restore", str(tmp_path / "backup"), "--home", str(home))
    assert "请用该版本恢复" in done.stderr


def test_a_restore_with_other_secrets_says_so(home, tmp_path):
    backup, names = tmp_path / "backup", ("same", "drawn")
    for _ in range(2):  # the first is an event, which the second has
        assert run("backup", "create", str(backup), "--home", str(home)).exit_code == 0
    (tmp_path / "same").mkdir()
    shutil.copy(home / "secrets.json", tmp_path / "same")
    done = [run("backup", "restore", str(backup), "--home", str(tmp_path / name)) for name in names]
    assert [each.exit_code for each in done] == [0, 0]
    assert ["other secrets" in each.stderr for each in done] == [False, True]


def test_a_backup_is_not_restored_while_lobule_runs(home, tmp_path):
    assert run("backup", "create", str(tmp_path / "backup"), "--home", str(home)).exit_code == 0
    with Home.open(home).in_use():
        done = run("backup", "restore", str(tmp_path / "backup"), "--home", str(home))
    assert (done.exit_code, "is running already" in done.stderr) == (1, True), done.output


def test_retention_after_a_pause_is_refused_until_somebody_says_that_the_clock_is_right(home):
    sessions = make_session_factory(make_engine(Home.database_in(home)), audit_key=b"k" * 32)
    with sessions.begin() as session:
        record(session, None, "retention", RETENTION_ENDED)
    with sessions.begin() as session:
        session.scalars(select(AuditEvent)).one().at -= timedelta(days=8)
    refused = run("retention", "run", "--home", str(home))
    assert (refused.exit_code, "--after-pause" in refused.output) == (1, True), refused.output
    for arguments in (["--after-pause"], []):
        done = run("retention", "run", *arguments, "--home", str(home))
        assert done.exit_code == 0, (done.output, done.exception)


def test_anchors_that_are_not_there_are_not_taken_for_none(home, tmp_path):
    done = run("audit", "verify", "--anchors", str(tmp_path / "anchors"), "--home", str(home))
    assert done.exit_code == 2, done.output


@pytest.mark.parametrize(
    "command",
    [
        ("backup", "check"),
        ("retention", "run"),
        ("encryption", "status"),
        ("patient", "purge", "P-1", "--reason", "asked to"),
    ],
)
def test_a_folder_without_lobule_is_named(home, tmp_path, command):
    done = run(*command, "--home", str(tmp_path / "nothing"))
    assert done.exit_code == 1
    assert str(tmp_path / "nothing") in done.stderr


@pytest.mark.parametrize(
    "command", [("retention", "run"), ("patient", "purge", "P-1", "--reason", "asked to"), ("backup", "check")]
)
def test_a_store_without_its_database_is_refused_unless_the_folder_is_named(home, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "var").mkdir()
    home.rename(tmp_path / "var" / "lobule")
    monkeypatch.setenv("LOBULE_OBJECT_STORE_URL", (tmp_path / "production").as_uri())
    done = run(*command)
    assert done.exit_code == 1, done.output
    assert "LOBULE_DATABASE_URL" in done.stderr
    done = run(*command, "--home", str(tmp_path / "var" / "lobule"))
    assert done.exit_code == 0, (done.output, done.exception)


@pytest.mark.parametrize(
    "command", [("retention", "run", "--dry-run"), ("patient", "purge", "P-1", "--reason", "asked to", "--dry-run")]
)
def test_what_deletes_says_where(home, command):
    done = run(*command, "--home", str(home))
    assert ("delete these cases in the portal" in done.stderr) == (command[0] == "patient"), "none is found"
    assert done.exit_code == 0, (done.output, done.exception)
    assert f"sqlite:///{home}/lobule.sqlite" in done.stderr
    assert (home / "objects").as_uri() in done.stderr


FULL = sqlite3.OperationalError("database or disk is full")
FULL.sqlite_errorcode = sqlite3.SQLITE_FULL
BROKEN = sqlite3.OperationalError("disk I/O error")
BROKEN.sqlite_errorcode = sqlite3.SQLITE_IOERR


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OperationalError("", None, FULL), "cli.disk_full"),
        (OperationalError("", None, BROKEN), "cli.database_file"),
        (InternalError("", None, errors.ReadOnlySqlTransaction()), "doctor.database_read_only"),
        (ProgrammingError("", None, errors.InsufficientPrivilege("no, not you")), "cli.database_refuses"),
        (OperationalError("", None, Exception('database "lobule" does not exist')), "doctor.database_away"),
        (ProgrammingError("", None, errors.UndefinedTable("relation does not exist")), "doctor.database_old"),
        (OperationalError("", None, Exception("no such column: jobs.x")), "doctor.database_old"),
    ],
)
def test_what_the_database_lacks_is_told_apart(error, said):
    def _fails() -> None:
        raise error

    group = commands("Test.")
    group.callback()(lambda: None)
    group.command("fails")(_fails)
    done = CliRunner().invoke(group, ["fails"])
    expected = Words("en")(said, revision="-", reason=str(error.orig))
    assert (done.exit_code, done.stderr.strip()) == (1, expected)


def test_a_secret_in_a_file_wins_over_the_folders(home, tmp_path, monkeypatch):
    (tmp_path / "key").write_text("a secret key of the hospital's own, long enough\n")
    monkeypatch.setenv("LOBULE_SECRET_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setenv("LOBULE_LEASE_SECONDS", "")
    environment = Home.open(home).environment("unix:///none", "http://127.0.0.1:8000", "json")
    assert "LOBULE_SECRET_KEY" not in environment
    assert "LOBULE_LEASE_SECONDS" not in environment


def test_the_backup_of_an_older_version_is_migrated_once_it_is_restored(home, tmp_path, monkeypatch):
    """The audit log of the older version could not record the restore."""
    url = Home.database_in(home)
    assert url is not None

    def restore(*_):
        migrate(url, "0016")
        return backup.Report(rows=0, objects=0, bytes=0, known=0)

    monkeypatch.setattr(backup, "restore", restore)
    (tmp_path / "backup.json").write_text('{"revision": "0016"}')
    done = run("backup", "restore", str(tmp_path), "--home", str(home))
    assert done.exit_code == 0, (done.output, done.exception)
    with make_session_factory(make_engine(url)).begin() as session:
        assert not lacks_migration(session.connection())
        noted = select(func.count()).where(AuditEvent.action == "backup.restore")
        assert session.scalars(noted).one() == 1


@pytest.mark.parametrize(
    ("database", "said"),
    [
        ("postgresql+psycopg://lobule:secret@127.0.0.1:9/lobule", "The database does not answer: connection "),
        ("sqlite:///{folder}/empty.db", "The database has the schema of another version"),
    ],
)
@pytest.mark.parametrize(
    "command",
    [("user", "list"), ("backup", "check"), ("backup", "create", "b"), ("retention", "run"), ("audit", "verify")],
)
def test_a_database_that_cannot_be_used_is_a_line(home, tmp_path, monkeypatch, database, said, command):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOBULE_DATABASE_URL", database.format(folder=tmp_path))
    monkeypatch.setenv("LOBULE_REDIS_URL", "unix:///none")
    monkeypatch.setenv("LOBULE_OBJECT_STORE_URL", tmp_path.as_uri())
    monkeypatch.setenv("LOBULE_INTERNAL_TOKEN", "x" * 32)
    monkeypatch.setenv("LOBULE_SECRET_KEY", "x" * 32)
    done = run(*command)
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1].startswith(said), (done.stderr, done.exception)
    assert "secret" not in done.output


def test_a_backup_that_cannot_be_written_is_a_line(home, tmp_path):
    (tmp_path / "file").touch()
    done = run("backup", "create", str(tmp_path / "file" / "backup"), "--home", str(home))
    assert done.exit_code == 1
    assert str(tmp_path / "file") in done.stderr


@pytest.mark.parametrize("command", [("retention", "run"), ("backup", "create", "backup")])
def test_what_goes_on_ends_when_its_container_is_stopped(home, tmp_path, command):
    started = [sys.executable, "-m", "lobule.cli", *command, "--every-hours", "24", "--home", str(home)]
    with subprocess.Popen(started, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        assert b"event" in process.stdout.readline()  # it has done its work, and waits
        process.terminate()
        assert process.wait(timeout=60) == 0
