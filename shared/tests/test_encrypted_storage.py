"""The encrypted store: streams and ranges as before, nothing readable on the disk, nothing changed unnoticed."""

import io
import os

import pytest

from lobule import layout
from lobule.storage import ObjectNotFoundError, StoreUnavailableError
from lobule.storage.encrypted import CHUNK, HEAD, EncryptedStore, ObjectDamagedError, is_encrypted
from lobule.storage.keyless import KeylessStore
from lobule.storage.keys import DataKeys, MasterKey
from lobule.storage.local import LocalStore

OLD, NEW = "the first master key of the tests 123", "the second master key of the tests 45"
FOLDER = layout.image_folder("9b2e")
KEY = layout.upload_key(FOLDER)


@pytest.fixture
def inner(tmp_path):
    return LocalStore(tmp_path)


def encrypted(inner, master: str = OLD, before: str | None = None) -> EncryptedStore:
    return EncryptedStore(inner, DataKeys(inner, MasterKey(master), MasterKey(before) if before else None))


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 17])
def test_what_is_written_in_pieces_is_read_whole_and_in_ranges(inner, size):
    store, content = encrypted(inner), os.urandom(size)
    with store.writer(KEY) as sink:
        for at in range(0, size, 10_007):
            sink.write(content[at : at + 10_007])
    assert store.get(KEY) == content
    with store.open(KEY) as stream:
        assert stream.seek(0, io.SEEK_END) == size
        for first, count in ((0, 5), (CHUNK - 3, 7), (size // 2, 100), (max(0, size - 4), 50), (size, 1)):
            stream.seek(first)
            assert stream.read(count) == content[first : first + count]
    raw = inner.get(KEY)
    assert is_encrypted(inner, KEY)
    assert size < 8 or content[:8] not in raw


def test_objects_that_are_stored_together_are_encrypted(inner):
    objects = {f"images/1/{name}": name.encode() * 100_000 for name in "ab"}
    encrypted(inner).put_all(objects)
    assert all(is_encrypted(inner, key) for key in objects)
    assert {key: encrypted(inner).get(key) for key in objects} == objects


def test_a_writer_that_fails_leaves_nothing(inner):
    def write() -> None:
        with encrypted(inner).writer(KEY) as sink:
            sink.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write()
    with pytest.raises(ObjectNotFoundError):
        inner.get(KEY)


@pytest.mark.parametrize("damage", ["flip", "cut", "cut at a chunk", "cut to nothing", "exchange", "head"])
def test_what_was_changed_is_not_given_out(inner, damage):
    store = encrypted(inner)
    store.put(KEY, os.urandom(4 * CHUNK))
    raw = bytearray(inner.get(KEY))
    head, step = 39, CHUNK + 16
    if damage == "flip":
        raw[head + 100] ^= 1
    elif damage == "cut":
        del raw[-100:]
    elif damage == "cut at a chunk":
        del raw[head + 3 * step :]
    elif damage == "cut to nothing":
        del raw[head:]
    elif damage == "exchange":
        raw[head : head + step], raw[head + step : head + 2 * step] = (
            raw[head + step : head + 2 * step],
            raw[head : head + step],
        )
    else:
        raw[36] ^= 1
    inner.put(KEY, bytes(raw))
    with pytest.raises(ObjectDamagedError):
        store.get(KEY)


@pytest.mark.parametrize("left", [1, 15, 16])
def test_an_object_that_is_cut_off_within_the_tag_of_a_chunk_is_not_given_out_in_pieces(inner, left):
    store = encrypted(inner)
    store.put(KEY, os.urandom(4 * CHUNK))
    inner.put(KEY, inner.get(KEY)[: HEAD + 2 * (CHUNK + 16) + left])

    def read_in_pieces() -> None:
        with store.open(KEY) as stream:
            while stream.read(CHUNK):
                pass

    with pytest.raises(ObjectDamagedError):
        read_in_pieces()


def test_an_object_under_another_name_is_not_given_out(inner):
    store = encrypted(inner)
    store.put(KEY, b"a film")
    other = layout.file_key(FOLDER, "other")
    inner.put(other, inner.get(KEY))
    with pytest.raises(ObjectDamagedError):
        store.get(other)


def test_several_processes_write_with_keys_of_their_own(inner):
    first, second = encrypted(inner), encrypted(inner)
    name = layout.file_key(FOLDER, "facts")
    first.put(KEY, b"one")
    second.put(name, b"two")
    assert (second.get(KEY), first.get(name)) == (b"one", b"two")
    assert len(list(inner.entries(layout.KEYS))) == 2


def test_what_was_stored_before_stays_readable(inner):
    inner.put(KEY, b"as it came")
    assert encrypted(inner).get(KEY) == b"as it came"


def test_deleting_destroys_the_keys_and_so_every_copy(inner):
    store = encrypted(inner)
    store.put(KEY, b"a film")
    copy = inner.get(KEY)
    store.delete(FOLDER)
    assert list(inner.entries(layout.KEYS)) == []
    inner.put(KEY, copy)  # as from a backup
    with pytest.raises(ObjectNotFoundError):
        encrypted(inner).get(KEY)
    store.put(KEY, b"another")
    assert store.get(KEY) == b"another"


def test_another_master_key_opens_nothing_until_keys_are_wrapped_anew(inner):
    encrypted(inner).put(KEY, b"a film")
    with pytest.raises(StoreUnavailableError):
        encrypted(inner, NEW).get(KEY)
    assert encrypted(inner, NEW).keys.wrap_anew() == (0, 1)
    changing = encrypted(inner, NEW, OLD)
    assert changing.get(KEY) == b"a film"
    assert changing.keys.wrap_anew() == (1, 0)
    assert changing.keys.wrap_anew() == (0, 0)
    assert encrypted(inner, NEW).get(KEY) == b"a film"
    with pytest.raises(StoreUnavailableError):
        encrypted(inner, OLD).get(KEY)


@pytest.mark.parametrize("length", [0, 8, 12, 30])
def test_a_data_key_that_is_cut_off_opens_nothing(inner, length):
    store = encrypted(inner, NEW, OLD)
    store.put(KEY, b"a film")
    [where] = [entry.key for entry in inner.entries(layout.KEYS)]
    inner.put(where, inner.get(where)[:length])
    with pytest.raises(StoreUnavailableError):
        store.get(KEY)
    assert store.keys.fit() is False


def test_without_a_key_an_encrypted_object_is_unavailable_and_not_damaged(inner):
    encrypted(inner).put(KEY, b"film")
    store = KeylessStore(inner)
    with pytest.raises(StoreUnavailableError, match="no master key is set"):
        store.get(KEY)
    with pytest.raises(StoreUnavailableError, match="no master key is set"), store.open(KEY):
        pass
    for content in (b"a film that is not encrypted", b""):
        store.put(KEY, content)
        assert store.get(KEY) == content
        with store.open(KEY) as stream:
            assert stream.read() == content
