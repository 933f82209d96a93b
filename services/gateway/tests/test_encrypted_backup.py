"""Backups of an encrypted store: keys that were wrapped anew are copied, those of purged objects are forgotten."""

import hashlib
import shutil
from contextlib import nullcontext

import pytest

from gateway.database import make_engine
from gateway.operations import backup, forgetting
from gateway.operations.completeness import ExpectedObject, restore_object
from lobule import layout
from lobule.storage import ObjectNotFoundError, StoreUnavailableError
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
        assert restore_object(fresh, folder, ExpectedObject(kept)) == "restored"
        assert EncryptedStore(inner, DataKeys(inner, OLD)).get(kept) == KEPT.encode()
    nowhere = ExpectedObject(layout.upload_key(layout.image_folder("none")))
    assert restore_object(store, folder, nowhere) == "missing"


class TestDamaged:
    """An object of a backup that is not what the database names is not restored, and the store stays without it."""

    KEY = layout.upload_key(KEPT)
    SHA256 = hashlib.sha256(KEPT.encode()).hexdigest()

    @pytest.fixture(params=["encrypted", "plain"])
    def lost(self, request, engine, inner, store, tmp_path):
        """A store that lost an object, of which a backup is in `backup`."""
        if request.param == "plain":
            store = KeylessStore(inner)
            store.put(self.KEY, KEPT.encode())
        backup.create(engine, store, tmp_path / "backup")
        store.delete(self.KEY)
        return store

    def restored(self, lost, tmp_path, **known) -> str:
        found = restore_object(lost, tmp_path / "backup", ExpectedObject(self.KEY, **known))
        with nullcontext() if found == "restored" else pytest.raises(ObjectNotFoundError):
            assert lost.get(self.KEY) == KEPT.encode()
        return found

    def damage(self, tmp_path, content: bytes | None = None):
        path = tmp_path / "backup" / "objects" / self.KEY
        path.write_bytes(path.read_bytes()[:-1] + b"?" if content is None else content)

    @pytest.mark.parametrize("known", [{"sha256": SHA256}, {"size_bytes": len(KEPT)}, {}])
    def test_whole_ones_are_restored(self, lost, tmp_path, known):
        assert self.restored(lost, tmp_path, **known) == "restored"

    def test_a_changed_byte(self, lost, tmp_path):
        self.damage(tmp_path)
        assert self.restored(lost, tmp_path, sha256=self.SHA256) == "damaged"

    def test_another_object(self, lost, tmp_path):
        """One that was stored without encryption is read in an encrypted store, too."""
        self.damage(tmp_path, PURGED.encode())
        assert self.restored(lost, tmp_path, sha256=self.SHA256) == "damaged"

    def test_half_an_object_whose_hash_nobody_knows(self, lost, tmp_path):
        self.damage(tmp_path, KEPT[:5].encode())
        assert self.restored(lost, tmp_path, size_bytes=len(KEPT)) == "damaged"

    @pytest.mark.parametrize("lost", ["encrypted"], indirect=True)
    def test_an_encrypted_object_whose_size_nobody_knows(self, lost, tmp_path):
        self.damage(tmp_path)
        assert self.restored(lost, tmp_path) == "damaged"

    @pytest.mark.parametrize("lost", ["encrypted"], indirect=True)
    def test_an_encrypted_object_without_its_key(self, lost, inner, tmp_path):
        shutil.rmtree(tmp_path / "backup" / "keys")
        inner.delete(layout.key_folder(self.KEY))
        assert self.restored(EncryptedStore(inner, DataKeys(inner, OLD)), tmp_path) == "missing"

    @pytest.mark.parametrize("lost", ["encrypted"], indirect=True)
    def test_an_encrypted_object_without_the_master_key(self, lost, inner, tmp_path):
        with pytest.raises(StoreUnavailableError, match="LOBULE_MASTER_KEY_FILE"):
            restore_object(KeylessStore(inner), tmp_path / "backup", ExpectedObject(self.KEY, self.SHA256))
