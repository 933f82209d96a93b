"""Backups of an encrypted store: keys that were wrapped anew are copied, those of purged objects are forgotten."""

import shutil

import pytest

from gateway.database import make_engine
from gateway.operations import backup, forgetting
from gateway.operations.completeness import restore_object
from lobule import layout
from lobule.storage import ObjectNotFoundError
from lobule.storage.encrypted import EncryptedStore
from lobule.storage.keyless import KeylessStore
from lobule.storage.keys import DataKeys, MasterKey
from lobule.storage.local import LocalStore

OLD, NEW = MasterKey("the first master key of the tests 123"), MasterKey("the second master key of the tests 45")
PURGED, KEPT = layout.image_folder("9b2e"), layout.image_folder("77aa")


@pytest.fixture
def engine(tmp_path, migrated_sqlite):
    shutil.copy(migrated_sqlite, tmp_path / "database.sqlite")
    return make_engine(f"sqlite:///{tmp_path / 'database.sqlite'}")


@pytest.fixture
def inner(tmp_path):
    return LocalStore(tmp_path / "objects")


@pytest.fixture
def store(inner):
    store = EncryptedStore(inner, DataKeys(inner, OLD))
    for folder in (PURGED, KEPT):
        store.put(layout.upload_key(folder), folder.encode())
    return store


def read_from(folder, master: MasterKey, image: str) -> bytes:
    """An object of a backup, read with a master key alone."""
    merged = LocalStore(folder / "merged")
    for source, prefix in ((folder / "objects", "images"), (folder / "keys", layout.KEYS)):
        for entry in LocalStore(source).entries(prefix):
            merged.put(entry.key, LocalStore(source).get(entry.key))
    return EncryptedStore(merged, DataKeys(merged, master)).get(layout.upload_key(image))


def test_a_backup_after_a_rotation_needs_the_new_master_key_alone(engine, inner, store, tmp_path):
    folder = tmp_path / "backup"
    backup.create(engine, store, folder)
    assert DataKeys(inner, NEW, OLD).wrap_anew() == (2, 0)
    backup.create(engine, store, folder)
    assert read_from(folder, NEW, KEPT) == KEPT.encode()


def test_keys_of_what_was_purged_are_forgotten(engine, store, tmp_path):
    folder = tmp_path / "backup"
    backup.create(engine, store, folder)
    store.delete(PURGED)
    assert forgetting.forget_keys(store, folder) == 1
    assert read_from(folder, OLD, KEPT) == KEPT.encode()
    with pytest.raises(ObjectNotFoundError):
        read_from(folder, OLD, PURGED)
    with pytest.raises(backup.BackupError, match="no data keys"):
        forgetting.forget_keys(LocalStore(tmp_path / "another"), folder)


def test_a_backup_without_a_master_key_has_every_object(engine, inner, store, tmp_path):
    made = backup.create(engine, KeylessStore(inner), tmp_path / "backup")
    assert made.objects == 2
    assert read_from(tmp_path / "backup", OLD, KEPT) == KEPT.encode()


def test_a_missing_object_comes_back_with_its_key(engine, inner, store, tmp_path):
    folder, kept = tmp_path / "backup", layout.upload_key(KEPT)
    backup.create(engine, store, folder)
    for lost in (kept, layout.key_folder(kept)):
        inner.delete(lost)
        fresh = EncryptedStore(inner, DataKeys(inner, OLD))
        with pytest.raises(ObjectNotFoundError):
            fresh.get(kept)
        assert restore_object(fresh, folder, kept)
        assert EncryptedStore(inner, DataKeys(inner, OLD)).get(kept) == KEPT.encode()
    assert not restore_object(store, folder, layout.upload_key(layout.image_folder("none")))
