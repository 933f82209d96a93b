"""The object store's promises, kept by the local folder and by S3 alike."""

import errno
import itertools
import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lobule.storage import ObjectNotFoundError, ObjectStore, StoreFullError, StoreUnavailableError, open_store, s3
from lobule.storage.local import LocalStore


@pytest.fixture(scope="module")
def s3_endpoint():
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["local", "s3"])
def store(request, tmp_path: Path, monkeypatch) -> ObjectStore:
    if request.param == "local":
        return open_store((tmp_path / "objects").as_uri())
    import boto3

    endpoint = request.getfixturevalue("s3_endpoint")
    for name, value in {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "DEFAULT_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    bucket = f"b{os.urandom(6).hex()}"
    boto3.client("s3", endpoint_url=endpoint).create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    return open_store(f"s3://{bucket}/lobule", endpoint)


def test_put_and_get(store):
    store.put("a/b", b"content")
    assert store.get("a/b") == b"content"
    store.put("a/b", b"newer")
    assert store.get("a/b") == b"newer"


def test_written_in_pieces(store):
    piece = os.urandom(3 * 1024 * 1024)
    with store.writer("big") as writer:
        for _ in range(5):
            writer.write(piece)
    assert store.get("big") == piece * 5


def test_an_exception_leaves_nothing_behind(store):
    def write_half() -> None:
        with store.writer("half") as writer:
            writer.write(os.urandom(9 * 1024 * 1024))
            raise RuntimeError("the connection ended")

    with pytest.raises(RuntimeError):
        write_half()
    with pytest.raises(ObjectNotFoundError):
        store.get("half")


def test_stream_is_seekable(store):
    content = os.urandom(2_500_000)
    store.put("x", content)
    with store.open("x") as stream:
        stream.seek(-10, os.SEEK_END)
        assert stream.read() == content[-10:]
        stream.seek(5)
        assert stream.read(10) == content[5:15]


def test_missing(store):
    with pytest.raises(ObjectNotFoundError):
        store.get("nothing/here")
    with pytest.raises(ObjectNotFoundError), store.open("nothing/here"):
        pass


def test_delete_a_folder_but_not_its_neighbour(store):
    for key in ("jobs/1/a", "jobs/1/deep/b", "jobs/10/c"):
        store.put(key, b"x")
    store.delete("jobs/1")
    store.delete("jobs/1")
    for key in ("jobs/1/a", "jobs/1/deep/b"):
        with pytest.raises(ObjectNotFoundError):
            store.get(key)
    assert store.get("jobs/10/c") == b"x"


def test_neither_a_folder_nor_what_is_below_an_object_is_an_object(store):
    store.put("jobs/1/a", b"x")
    for key in ("jobs/1", "jobs/1/a/b"):
        with pytest.raises(ObjectNotFoundError):
            store.get(key)
    store.delete("jobs/1/a/b")
    assert store.get("jobs/1/a") == b"x"


def test_a_folder_that_is_deleted_twice_at_once(tmp_path, monkeypatch):
    """As by its user and by `lobule retention run`."""
    store, unlink, quicker = LocalStore(tmp_path), os.unlink, itertools.chain([True], itertools.repeat(False))
    for name in ("a", "deep/b", "c"):
        store.put(f"jobs/1/{name}", b"x")

    def unlink_after_the_other(*place: Any, **options: Any) -> None:
        if next(quicker):
            unlink(*place, **options)
        unlink(*place, **options)

    monkeypatch.setattr(os, "unlink", unlink_after_the_other)
    store.delete("jobs/1")
    assert not (tmp_path / "jobs/1").exists()


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/./b", "a b", "a/\0", "a\n"])
def test_refuses_unsafe_keys(store, key):
    with pytest.raises(ValueError, match="not an object-store key"):
        store.put(key, b"x")


def test_refuses_unknown_addresses():
    with pytest.raises(ValueError, match="LOBULE_OBJECT_STORE_URL"):
        open_store("ftp://somewhere/else")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path, monkeypatch, number):
    store = open_store(tmp_path.as_uri())

    def full(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreFullError):
        store.put("a/b", b"content")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("number", [errno.EROFS, errno.EIO, errno.ESTALE, errno.EACCES])
def test_a_disk_that_is_away_is_told(tmp_path, monkeypatch, number):
    store = open_store(tmp_path.as_uri())
    store.put("a/b", b"content")

    def away(*_arguments: object, **_named: object) -> None:
        raise OSError(number, os.strerror(number))

    for name in ("fsync", "statvfs", "unlink", "scandir"):
        with monkeypatch.context() as broken:
            broken.setattr(os, name, away)
            with pytest.raises(StoreUnavailableError):
                _ACTIONS[name](store)
    with monkeypatch.context() as broken:
        broken.setattr(Path, "open", away)
        with pytest.raises(StoreUnavailableError):
            store.get("a/b")
    assert [entry.key for entry in store.entries("a")] == ["a/b"]


_ACTIONS = {
    "fsync": lambda store: store.put("a/c", b"content"),
    "statvfs": lambda store: store.space(),
    "unlink": lambda store: store.delete("a/b"),
    "scandir": lambda store: list(store.entries("a")),
}


def test_the_disk_is_measured(tmp_path):
    space = open_store(tmp_path.as_uri()).space()
    assert space is not None
    assert 0 <= space.free_bytes <= space.size_bytes


def test_a_store_that_is_away_is_told(monkeypatch):
    for name, value in {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "DEFAULT_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    store = open_store("s3://bucket/lobule", "http://127.0.0.1:9")  # the port "discard", where nobody listens
    with pytest.raises(StoreUnavailableError):
        store.put("a/b", b"content")
    with pytest.raises(StoreUnavailableError):
        store.get("a/b")
    with pytest.raises(StoreUnavailableError):
        list(store.entries("a"))
    with pytest.raises(StoreUnavailableError):
        store.check()


def test_a_store_that_does_not_answer_is_asked_twice(monkeypatch):
    for name, value in {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "DEFAULT_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setattr(s3, "SILENCE_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        store = open_store("s3://bucket/lobule", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(StoreUnavailableError):
            store.get("a/b")
        silent.setblocking(False)
        for _ in range(s3.TRIES):
            silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()


def test_objects_that_are_deleted_while_others_are_listed_are_left_out(store):
    for folder in ("a", "b", "c"):
        for name in ("1", "2"):
            store.put(f"images/{folder}/{name}", b"content")
    listed = store.entries("images")
    first = next(listed).key
    others = {folder for folder in ("a", "b", "c") if not first.startswith(f"images/{folder}/")}
    for folder in others:
        store.delete(f"images/{folder}")
    assert {entry.key.split("/")[1] for entry in listed} <= {"a", "b", "c"}
    assert {entry.key.split("/")[1] for entry in store.entries("images")}.isdisjoint(others)


def test_objects_of_a_folder_are_listed_one_after_the_other(store):
    for name in ("a/1", "b/1", "a/x/2", "c/1", "b/x/y/3", "a/y/2"):
        store.put(f"jobs/{name}", b"content")
    folders = [folder for folder, _ in itertools.groupby(store.entries("jobs"), lambda entry: entry.key.split("/")[1])]
    assert sorted(folders) == ["a", "b", "c"]


def test_an_upload_that_ends_while_old_ones_are_forgotten(tmp_path):
    store = LocalStore(tmp_path)
    paths = [tmp_path / ".incoming" / name for name in ("ended", "left")]
    for path in paths:
        path.write_bytes(b"part")
    real = Path.stat

    def stat(path, **options):
        if path == paths[0]:
            path.unlink(missing_ok=True)
        return real(path, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "stat", stat)
        assert store.forget_partial(datetime.now(UTC) + timedelta(hours=1)) == 1
    assert not list((tmp_path / ".incoming").iterdir())


def test_put_all_keeps_each_object(store):
    store.put("a/b", b"older")
    store.put_all({"a/b": b"content", "a/c": b"", "d": b"x" * 300_000})
    assert [store.get(key) for key in ("a/b", "a/c", "d")] == [b"content", b"", b"x" * 300_000]
