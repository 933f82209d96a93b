"""A backup that is interrupted, such as by a full disk, leaves the one before in its folder as it was."""

import shutil

import pytest

from gateway import backup_folder
from gateway.database import make_engine
from gateway.operations import backup
from lobule.storage.local import LocalStore


class DiskFullError(OSError):
    pass


@pytest.fixture
def make(app, tmp_path):
    """Makes a backup into the same folder each time."""
    folder = tmp_path / "nightly"
    return lambda: backup.create(make_engine(app.state.settings.database_url), app.state.store, folder)


@pytest.fixture(params=["_write_rows", "_copy", "describe"])
def interrupted(request, make, monkeypatch):
    """Makes a backup that is interrupted at each stage: with rows half written, before the objects, and at the end."""

    def interrupt(*arguments, **named):
        if request.param == "_write_rows":
            arguments[1].joinpath(f"{arguments[2].name}.jsonl").write_text('{"id": ')
        raise DiskFullError

    def run():
        with monkeypatch.context() as patch:
            patch.setattr(backup, request.param, interrupt)
            with pytest.raises(DiskFullError):
                make()

    return run


def restored(migrated_sqlite, tmp_path):
    """The number of rows that the folder gives back to an empty database."""
    url = f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'other.sqlite')}"
    return backup.restore(make_engine(url), LocalStore(tmp_path / "other"), tmp_path / "nightly").rows


def test_the_backup_before_can_be_restored(make, interrupted, upload, migrated_sqlite, tmp_path):
    assert upload().status_code == 202
    before = make().rows
    interrupted()
    assert restored(migrated_sqlite, tmp_path) == before


def test_the_next_one_replaces_both(make, interrupted, upload, migrated_sqlite, tmp_path):
    make()
    interrupted()
    partial = tmp_path / "nightly" / "objects" / ".incoming" / "tmpabc"
    partial.write_bytes(b"half a film")
    assert upload().status_code == 202
    rows = make().rows
    assert restored(migrated_sqlite, tmp_path) == rows
    assert len(backup_folder.all_rows_folders(tmp_path / "nightly")) == 1
    assert not partial.exists()


def test_it_leaves_nothing_but_objects(make, interrupted, upload, tmp_path):
    """Rows that count for nothing would go on filling the disk."""
    assert upload().status_code == 202
    interrupted()
    assert {path.name for path in (tmp_path / "nightly").iterdir()} <= {"lock", "objects", "keys"}
    make()
    interrupted()
    left = {path.name for path in (tmp_path / "nightly").iterdir()}
    assert left == {"lock", "objects", "keys", "backup.json", "rows"}


def test_a_first_one_is_made_again(make, interrupted, upload, migrated_sqlite, tmp_path):
    assert upload().status_code == 202
    interrupted()
    with pytest.raises(backup.BackupError, match="holds no backup"):
        restored(migrated_sqlite, tmp_path)
    rows = make().rows
    assert restored(migrated_sqlite, tmp_path) == rows


def test_a_description_that_cannot_be_read_is_named(make, migrated_sqlite, tmp_path):
    make()
    (tmp_path / "nightly" / "backup.json").write_text('{"made_at": ')
    with pytest.raises(backup.BackupError, match=r"damaged: .*backup\.json"):
        restored(migrated_sqlite, tmp_path)


def test_others_cannot_read_a_new_folder(make, tmp_path):
    """It has all names, and everybody's password hash. Who may read a folder that is there already, its owner says."""
    make()
    assert (tmp_path / "nightly").stat().st_mode & 0o077 == 0
    (tmp_path / "nightly").chmod(0o750)
    make()
    assert (tmp_path / "nightly").stat().st_mode & 0o777 == 0o750
