"""The interface of the object store.

Keys are relative paths such as `images/<id>/original`. Objects are written atomically: after an exception in a writer,
there is no object.
"""

import errno
import os
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol

_FULL = (errno.ENOSPC, errno.EDQUOT)
_WRITTEN_IN_PART = re.compile(r"^\d+ requested and \d+ written$")
_KEY = re.compile(r"(?:[A-Za-z0-9_.-]+/)*[A-Za-z0-9_.-]+")


class ObjectNotFoundError(LookupError):
    """No object has this key."""


class StoreFullError(RuntimeError):
    """The store has no space left; the object was not written."""


def is_disk_full(error: Exception) -> bool:
    """Whether an error says that a disk or a quota is full, also where a library has not kept its number."""
    if isinstance(error, OSError) and error.errno is None:  # of `copytree`, HDF5 and NumPy: texts alone
        return any(os.strerror(number) in str(error) for number in _FULL) or bool(_WRITTEN_IN_PART.search(str(error)))
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
    return isinstance(error, StoreFullError) or (isinstance(error, OSError) and error.errno in _FULL)


class StoreUnavailableError(RuntimeError):
    """The store cannot be reached."""


@dataclass(frozen=True)
class StoredObject:
    """An object's metadata."""

    key: str
    size_bytes: int
    modified_at: datetime


@dataclass(frozen=True)
class Space:
    """The size of a disk."""

    size_bytes: int
    free_bytes: int


class ObjectWriter(Protocol):
    """Receives an object's bytes piece by piece."""

    def write(self, data: bytes, /) -> object:
        """Append bytes to the object."""
        ...


class ObjectStore(Protocol):
    """Bytes under keys. Any method may raise `StoreUnavailableError`, those that write `StoreFullError` too."""

    def writer(self, key: str, *, durable: bool = True) -> AbstractContextManager[ObjectWriter]:
        """Write an object in pieces. It exists after a regular exit, and not after an exception.

        Args:
            key: Of the object.
            durable: Whether it must survive a power failure; one that is soon replaced or deleted need not.
        """
        ...

    def put(self, key: str, data: bytes) -> None:
        """Store an object, replacing one of the same key."""
        ...

    def put_all(self, objects: Mapping[str, bytes]) -> None:
        """Store objects in their order, replacing those of the same keys, faster than one by one.

        After an exception, some of them may be stored.
        """
        ...

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Read an object in pieces; the stream is seekable.

        Raises:
            ObjectNotFoundError: There is no such object.
        """
        ...

    def get(self, key: str) -> bytes:
        """Return the whole object.

        Raises:
            ObjectNotFoundError: There is no such object.
        """
        ...

    def delete(self, prefix: str) -> None:
        """Delete the object of this key and all objects below it as a folder; it is not an error if there is none."""
        ...

    def entries(self, prefix: str) -> Iterator[StoredObject]:
        """All objects below a folder, those of a folder in it one after the other; none if there is no such folder."""
        ...

    def forget_partial(self, before: datetime) -> int:
        """Delete incomplete objects of writers that were killed before a time; returns their number."""
        ...

    def check(self) -> None:
        """Raise `StoreUnavailableError` if the store cannot be reached."""
        ...

    def space(self) -> Space | None:
        """The size of the store's disk; None if the store reports none."""
        ...


def checked_key(key: str) -> str:
    """Return the key if it is safe as a path in any store.

    Raises:
        ValueError: The key is empty, or has empty or dotted segments or unusual characters.
    """
    if not _KEY.fullmatch(key) or any(part in (".", "..") for part in key.split("/")):
        raise ValueError(f"not an object-store key: {key!r}")
    return key
