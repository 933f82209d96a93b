"""The object store in a local folder (or a mounted volume)."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from lobule.storage.base import (
    ObjectNotFoundError,
    ObjectWriter,
    Space,
    StoredObject,
    StoreFullError,
    StoreUnavailableError,
    checked_key,
    is_disk_full,
)

_AWAY = (  # a disk that is read-only or broken, a file server that is away, a folder that may not be used
    *(errno.EROFS, errno.EIO, errno.ENODEV, errno.ENXIO, errno.ESTALE, errno.ENOTCONN, errno.EHOSTDOWN),
    *(errno.EACCES, errno.EPERM),
)

_SYNCS = 8  # most files that are synced at the same time


class LocalStore:
    """Objects as files below a root folder; a file is written to a temporary name and moved when it is complete."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._incoming = root / ".incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)
        self._synced: set[Path] = set()  # folders in the root whose entries in it are on the disk

    def _path(self, key: str) -> Path:
        return self.root / checked_key(key)

    @contextmanager
    def writer(self, key: str, *, durable: bool = True) -> Iterator[ObjectWriter]:
        """See `ObjectStore.writer`."""
        with _outages():
            with self._placing(key, durable=durable) as stream:
                yield stream
            if durable:
                self._sync_folders([key])

    def put(self, key: str, data: bytes) -> None:
        """See `ObjectStore.put`."""
        self.put_all({key: data})

    def put_all(self, objects: Mapping[str, bytes]) -> None:
        """See `ObjectStore.put_all`; all files are synced at once, and then their folders."""
        with _outages(), ExitStack() as stack:
            content = {self._path(key): data for key, data in objects.items()}
            streams = {path: stack.enter_context(self._incomplete()) for path in content}
            for path, stream in streams.items():
                stream.write(content[path])
                stream.flush()
            _sync([stream.fileno() for stream in streams.values()])
            for path, stream in streams.items():
                _place(stream, path)
            self._sync_folders(objects)

    @contextmanager
    def _placing(self, key: str, *, durable: bool) -> Iterator[ObjectWriter]:
        """Write a file that takes its place after a regular exit."""
        path = self._path(key)
        with self._incomplete() as stream:
            yield stream
            stream.flush()
            if durable:
                os.fsync(stream.fileno())
            _place(stream, path)

    @contextmanager
    def _incomplete(self) -> "Iterator[tempfile._TemporaryFileWrapper[bytes]]":
        """Open a file with a temporary name, which is deleted after an error."""
        with tempfile.NamedTemporaryFile(dir=self._incoming, delete=False) as stream:
            try:
                yield stream
            except BaseException:
                Path(stream.name).unlink(missing_ok=True)
                raise

    def _sync_folders(self, keys: Iterable[str]) -> None:
        """Sync the entries of the folders of objects to the disk, so that they survive a power failure as the files do.

        All folders up to the root are synced, because a write that was not durable may have made them; the root only
        for a new entry.
        """
        above = {folder for key in keys for folder in self._path(key).parents if folder.is_relative_to(self.root)}
        entries = {self.root / Path(checked_key(key)).parts[0] for key in keys}
        if entries <= self._synced:
            above.discard(self.root)
        with ExitStack() as stack:
            descriptors: list[int] = []
            for folder in above:
                descriptors.append(os.open(folder, os.O_RDONLY))
                stack.callback(os.close, descriptors[-1])
            _sync(descriptors)
        self._synced |= entries & above

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """See `ObjectStore.open`."""
        with _outages():
            try:
                stream = self._path(key).open("rb")
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                raise ObjectNotFoundError(key) from None
            with stream:
                yield stream

    def get(self, key: str) -> bytes:
        """See `ObjectStore.get`."""
        with self.open(key) as stream:
            return stream.read()

    def delete(self, prefix: str) -> None:
        """See `ObjectStore.delete`."""
        path = self._path(prefix)
        self._synced.discard(path)
        with _outages():
            while path.is_dir():
                with suppress(FileNotFoundError):  # somebody else deletes it, too
                    shutil.rmtree(path)
            with suppress(FileNotFoundError, NotADirectoryError):
                path.unlink()

    def entries(self, prefix: str) -> Iterator[StoredObject]:
        """See `ObjectStore.entries`."""
        # os.walk, unlike Path.rglob, skips folders that are deleted during the walk
        for folder, _, names in os.walk(self._path(prefix), onerror=_tell_unless_gone):
            for path in (Path(folder, name) for name in names):
                try:
                    with _outages():
                        about = path.stat()
                except FileNotFoundError:  # deleted meanwhile
                    continue
                modified = datetime.fromtimestamp(about.st_mtime, UTC)
                yield StoredObject(path.relative_to(self.root).as_posix(), about.st_size, modified)

    def size_of(self, key: str) -> int | None:
        """The size of an object in bytes; None if there is none."""
        with suppress(FileNotFoundError), _outages():
            return self._path(key).stat().st_size
        return None

    def forget_partial(self, before: datetime) -> int:
        """See `ObjectStore.forget_partial`."""
        count = 0
        for path in self._incoming.iterdir():
            with suppress(FileNotFoundError), _outages():  # its upload has ended meanwhile
                if path.stat().st_mtime < before.timestamp():
                    path.unlink()
                    count += 1
        return count

    def check(self) -> None:
        """See `ObjectStore.check`."""
        with _outages(), tempfile.NamedTemporaryFile(dir=self._incoming):
            pass

    def space(self) -> Space:
        """See `ObjectStore.space`."""
        with _outages():
            disk = os.statvfs(self.root)
        return Space(disk.f_blocks * disk.f_frsize, disk.f_bavail * disk.f_frsize)


def _place(stream: "tempfile._TemporaryFileWrapper[bytes]", path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Path(stream.name).replace(path)


def _sync(descriptors: Sequence[int]) -> None:
    """Sync files to the disk at the same time, so that it flushes its cache once and not for each of them."""
    with ThreadPoolExecutor(_SYNCS) as pool:  # it starts as many threads as there are files
        list(pool.map(os.fsync, descriptors))


def _tell_unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        with _outages():
            raise error


@contextmanager
def _outages() -> Iterator[None]:
    """Raise outages of the disk as `StoreUnavailableError`, as every store does."""
    try:
        yield
    except OSError as error:
        if is_disk_full(error):
            raise StoreFullError(str(error)) from error
        if error.errno in _AWAY:
            raise StoreUnavailableError(str(error)) from error
        raise
