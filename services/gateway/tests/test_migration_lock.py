"""Migrations, restores and backups of a database wait for each other."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway import migration_lock, unfinished_upgrade
from gateway.migrate import migrate
from gateway.operations import backup
from lobule.storage.local import LocalStore


@pytest.fixture
def engine(migrated_engine):
    return migrated_engine


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "objects")


@pytest.fixture
def waiting(monkeypatch):
    """Is set once a process says that it waits."""
    said = threading.Event()
    monkeypatch.setattr(migration_lock, "_say_that_it_waits", said.set)
    return said


def migrate_it(engine, _store, _folder):
    migrate(engine.url.render_as_string(hide_password=False))


@pytest.mark.parametrize("work", [backup.create, backup.restore, migrate_it])
def test_it_waits_for_a_migration(engine, store, tmp_path, waiting, work):
    backup.create(engine, store, tmp_path / "backup")
    with ThreadPoolExecutor() as pool:
        with migration_lock.migration_lock(engine):
            done = pool.submit(work, engine, store, tmp_path / "backup")
            assert waiting.wait(timeout=60)
            assert not done.done()
        done.result(timeout=60)


def test_a_migration_waits_for_a_restore(engine, store, tmp_path, waiting, monkeypatch):
    backup.create(engine, store, tmp_path / "backup")
    write, pool = backup.rows.write, ThreadPoolExecutor()
    started = []

    def write_while_a_gateway_starts(*given):
        if not started:
            started.append(pool.submit(migrate_it, engine, None, None))
        assert waiting.wait(timeout=60)
        return write(*given)

    monkeypatch.setattr(backup.rows, "write", write_while_a_gateway_starts)
    backup.restore(engine, store, tmp_path / "backup")
    started[0].result(timeout=60)
    pool.shutdown()


def test_backups_do_not_wait_for_each_other(engine, store, tmp_path, waiting):
    with migration_lock.migration_lock(engine, shared=True):
        backup.create(engine, store, tmp_path / "backup")
    assert not waiting.is_set()


def test_who_waits_says_so(engine, capsys):
    migration_lock._say_that_it_waits()
    assert "Waiting until it has ended" in capsys.readouterr().err


@pytest.mark.parametrize("work", ["conclude", "link"])
def test_an_upgrade_that_was_interrupted_is_not_backed_up(engine, store, tmp_path, work):
    """Its notes are no rows: whoever restored the backup would have nothing completed."""
    with engine.begin() as connection:
        unfinished_upgrade.note(connection, work, "SELECT 1")
    with pytest.raises(backup.BackupError, match="Start Lobule, which completes it"):
        backup.create(engine, store, tmp_path / "backup")
