"""A restore compares what it has put into the store with the database, and says what is missing or damaged."""

import shutil

import pytest
from typer.testing import CliRunner

from gateway.operations.backup_commands import app as commands
from gateway.settings import get_settings
from lobule import layout
from lobule.storage.keyless import MAGIC
from lobule.storage.local import LocalStore


@pytest.fixture(autouse=True)
def settings(app, tmp_path, monkeypatch):
    """Names the gateway's database and store to the commands."""
    for name in ("database_url", "object_store_url", "redis_url"):
        monkeypatch.setenv(f"LOBULE_{name.upper()}", str(getattr(app.state.settings, name)))
    for name in ("secret_key", "internal_token"):
        monkeypatch.setenv(f"LOBULE_{name.upper()}", getattr(app.state.settings, name).get_secret_value())
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def run(*words):
    return CliRunner().invoke(commands, [str(word) for word in words])


@pytest.fixture
def files(upload, picture) -> list[str]:
    """The keys of two uploads."""
    images = [upload(picture(number)).json()["image"]["id"] for number in range(2)]
    return [layout.upload_key(layout.image_folder(image)) for image in images]


@pytest.fixture
def backup(files, tmp_path) -> LocalStore:
    """The objects of a backup of them."""
    assert run("create", tmp_path / "backup").exit_code == 0
    return LocalStore(tmp_path / "backup" / "objects")


@pytest.fixture
def restore(backup, migrated_sqlite, tmp_path, monkeypatch):
    """Restores the backup into a new database and another store."""
    monkeypatch.setenv("LOBULE_DATABASE_URL", f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'other.sqlite')}")
    monkeypatch.setenv("LOBULE_OBJECT_STORE_URL", (tmp_path / "other").as_uri())
    get_settings.cache_clear()
    return lambda: run("restore", tmp_path / "backup")


def test_what_is_whole(restore):
    done = restore()
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1:] == ["Missing: 0 objects.", "Damaged: 0 objects."]


def test_what_is_damaged_in_the_backup(backup, restore, files, tmp_path):
    whole = tmp_path / "whole"
    shutil.copytree(tmp_path / "backup", whole)
    backup.put(files[0], bytes(backup.size_of(files[0]) or 0))
    backup.delete(files[1])
    done = restore()
    assert (done.exit_code, "backup check --contents --restore-from" in done.stderr) == (1, True)
    assert sorted(done.stdout.splitlines()[1:]) == sorted(
        [f"damaged in the backup: {files[0]}", f"missing: {files[1]}", "Missing: 1 object.", "Damaged: 1 object."]
    )
    listed = run("check", "--contents")
    assert (listed.exit_code, f"damaged: {files[0]}" in listed.stdout) == (1, True)
    mended = run("check", "--contents", "--restore-from", whole)
    assert (mended.exit_code, "Restored: 2 objects." in mended.stdout) == (0, True), mended.output
    assert run("check", "--contents").exit_code == 0


def test_what_was_damaged_in_the_store_before(backup, restore, files, tmp_path):
    """It has the size of the one in the backup, so it is not copied at first."""
    LocalStore(tmp_path / "other").put(files[0], bytes(backup.size_of(files[0]) or 0))
    done = restore()
    assert (done.exit_code, f"restored: {files[0]}" in done.stdout) == (0, True)
    assert LocalStore(tmp_path / "other").get(files[0]) == backup.get(files[0])


def test_without_the_master_key(backup, restore, files):
    backup.put(files[0], MAGIC + b"encrypted")
    done = restore()
    assert (done.exit_code, done.stdout.startswith("Restored: ")) == (1, True)
    assert "LOBULE_MASTER_KEY_FILE" in done.stderr
    assert "then run: lobule backup check --contents" in done.stderr
