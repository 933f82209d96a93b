"""The object store of a process without a master key, and what it shares with the encrypted one."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import BinaryIO

from lobule.storage.base import ObjectStore, ObjectWriter, Space, StoredObject, StoreUnavailableError

MAGIC = b"LOBULE-AES-GCM-1"
"""The beginning of every encrypted object."""


class StoreAround:
    """Passes everything on to another store.

    Args:
        inner: The other store, whose objects are as they lie there.
    """

    def __init__(self, inner: ObjectStore) -> None:
        self.inner = inner

    def writer(self, key: str, *, durable: bool = True) -> AbstractContextManager[ObjectWriter]:
        """See `ObjectStore.writer`."""
        return self.inner.writer(key, durable=durable)

    def put(self, key: str, data: bytes) -> None:
        """See `ObjectStore.put`."""
        self.inner.put(key, data)

    def put_all(self, objects: Mapping[str, bytes]) -> None:
        """See `ObjectStore.put_all`."""
        self.inner.put_all(objects)

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """See `ObjectStore.open`."""
        return self.inner.open(key)

    def get(self, key: str) -> bytes:
        """See `ObjectStore.get`."""
        return self.inner.get(key)

    def delete(self, prefix: str) -> None:
        """See `ObjectStore.delete`."""
        self.inner.delete(prefix)

    def entries(self, prefix: str) -> Iterator[StoredObject]:
        """See `ObjectStore.entries`."""
        return self.inner.entries(prefix)

    def forget_partial(self, before: datetime) -> int:
        """See `ObjectStore.forget_partial`."""
        return self.inner.forget_partial(before)

    def check(self) -> None:
        """See `ObjectStore.check`."""
        self.inner.check()

    def space(self) -> Space | None:
        """See `ObjectStore.space`."""
        return self.inner.space()


class KeylessStore(StoreAround):
    """Reads and writes objects without encryption, and does not return encrypted ones.

    Their bytes would be taken for a damaged picture, and the analysis would end for good.
    """

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """See `ObjectStore.open`.

        Raises:
            StoreUnavailableError: The object is encrypted.
        """
        with self.inner.open(key) as stream:
            _refuse_encrypted(stream.read(len(MAGIC)))
            stream.seek(0)
            yield stream

    def get(self, key: str) -> bytes:
        """See `ObjectStore.get`.

        Raises:
            StoreUnavailableError: The object is encrypted.
        """
        data = self.inner.get(key)
        _refuse_encrypted(data)
        return data


def _refuse_encrypted(beginning: bytes) -> None:
    if beginning.startswith(MAGIC):
        raise StoreUnavailableError("an object is encrypted, and no master key is set (LOBULE_MASTER_KEY_FILE)")
