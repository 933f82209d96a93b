"""When the object store in a folder writes to the disk, and in which order."""

import errno
import itertools
import os
from pathlib import Path

import pytest

from lobule.storage import StoreUnavailableError
from lobule.storage.local import LocalStore


@pytest.fixture
def synced(monkeypatch) -> list[Path]:
    """The files and folders that are written to the disk, in their order."""
    paths: list[Path] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        paths.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    return paths


def test_the_name_of_a_new_object_is_written_to_the_disk(tmp_path, synced):
    """With the names of the folders that were made for it."""
    LocalStore(tmp_path).put("a/b/object", b"content")
    assert {tmp_path, tmp_path / "a", tmp_path / "a" / "b"} <= set(synced)


def test_no_object_of_several_takes_its_place_before_all_are_on_the_disk(tmp_path, monkeypatch):
    store, calls = LocalStore(tmp_path), itertools.count()

    def fsync(_descriptor: int) -> None:
        if next(calls) == 1:
            raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(StoreUnavailableError):
        store.put_all({f"a/{number}": b"content" for number in range(3)})
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    store.put_all({f"a/{number}": b"content" for number in range(3)})
    assert sorted(entry.key for entry in store.entries("a")) == ["a/0", "a/1", "a/2"]


def test_the_root_is_synced_again_only_for_a_new_entry(tmp_path, synced):
    store = LocalStore(tmp_path)
    for key, expected in (("a/b", 1), ("a/c/d", 1), ("b/c", 2), ("e", 3), ("e", 4)):
        store.put(key, b"content")
        assert synced.count(tmp_path) == expected
    store.delete("a")
    store.put("a/b", b"content")
    assert synced.count(tmp_path) == 5


def test_objects_that_are_stored_together_sync_their_folder_once(tmp_path, synced):
    LocalStore(tmp_path).put_all({f"a/{name}": b"content" for name in "bcd"})
    assert synced.count(tmp_path / "a") == 1
    assert len([path for path in synced if path.parent.name == ".incoming"]) == 3


def test_an_object_that_need_not_be_durable_is_not_synced_until_it_is_replaced(tmp_path, synced):
    store = LocalStore(tmp_path)
    with store.writer("a/b/object", durable=False) as sink:
        sink.write(b"received")
    assert store.get("a/b/object") == b"received"
    assert synced == []
    store.put("a/b/object", b"kept")
    assert {tmp_path, tmp_path / "a", tmp_path / "a" / "b"} <= set(synced)
