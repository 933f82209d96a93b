"""Commands that find a disk full say what to do."""

import errno
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog
from psycopg.errors import DiskFull
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner

from gateway.command_line import database_problem
from gateway.operations import backup_commands
from gateway.settings import get_settings
from lobule.storage import open_configured_store

FULL = os.strerror(errno.ENOSPC)


@pytest.fixture(autouse=True)
def server(tmp_path, migrated_sqlite, monkeypatch):
    """The environment of a server with an object."""
    for name, value in {"SECRET_KEY": "s" * 32, "INTERNAL_TOKEN": "t" * 32, "REDIS_URL": "unix:///nowhere"}.items():
        monkeypatch.setenv(f"LOBULE_{name}", value)
    url = f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'lobule.sqlite')}"
    monkeypatch.setenv("LOBULE_DATABASE_URL", url)
    monkeypatch.setenv("LOBULE_OBJECT_STORE_URL", (tmp_path / "objects").as_uri())
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    get_settings.cache_clear()
    open_configured_store(get_settings()).put("images/a/original", b"x")
    yield
    get_settings.cache_clear()


@pytest.fixture
def fill(monkeypatch):
    """A context in which the disk is full."""

    def sync(_descriptor):
        raise OSError(errno.ENOSPC, FULL)

    @contextmanager
    def full():
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", sync)
            yield

    return full


def run(*words):
    return CliRunner().invoke(backup_commands.app, [str(word) for word in words])


def test_a_backup(tmp_path, fill, monkeypatch):
    with fill():
        done = run("create", tmp_path / "backup")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"The disk of {tmp_path / 'backup'} is full, so no backup was made")
    assert "then run the command again" in done.stderr
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    with fill():
        assert "磁盘已满" in run("create", tmp_path / "backup").stderr


def test_a_backup_that_is_repeated(tmp_path, fill, monkeypatch):
    monkeypatch.setattr(backup_commands, "configure_logging", lambda *_: None)
    monkeypatch.setattr(backup_commands.time, "sleep", lambda _: sys.exit(0))
    with fill(), structlog.testing.capture_logs() as lines:
        run("create", tmp_path / "backup", "--every-hours", "24")
    assert [(line["event"], line["code"]) for line in lines] == [("backup_failed", "disk_full")]


def test_a_restore_goes_on_once_there_is_room(tmp_path, fill, migrated_sqlite, monkeypatch):
    assert run("create", tmp_path / "backup").exit_code == 0
    monkeypatch.setenv("LOBULE_DATABASE_URL", f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'other.sqlite')}")
    monkeypatch.setenv("LOBULE_OBJECT_STORE_URL", (tmp_path / "other").as_uri())
    get_settings.cache_clear()
    with fill():
        done = run("restore", tmp_path / "backup")
    assert (done.exit_code, done.stderr.startswith(f"A disk is full: [Errno 28] {FULL}. Make room")) == (1, True)
    assert run("restore", tmp_path / "backup").exit_code == 0
    assert open_configured_store(get_settings()).get("images/a/original") == b"x"


def test_a_file_that_the_shell_writes():
    with Path("/dev/full").open("w") as full:  # the export itself is an event
        command = [sys.executable, "-m", "lobule.cli", "audit", "export"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr.startswith(f"A disk is full: [Errno 28] {FULL}. Make room")) == (1, True)


def test_a_full_database():
    assert database_problem(OperationalError("", {}, DiskFull("could not extend file"))).startswith("A disk is full")
