"""The store as a user may read DICOM files from it: with the identities that are kept, or without them."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import BinaryIO, Protocol

from fastapi import Request

from gateway.names.policy import RestoringStore
from gateway.streaming import Extent, pieces_of
from gateway.users.models import User
from gateway.users.permissions import has_permission
from lobule.storage import ObjectStore


class ReadableStore(Protocol):
    """Files under keys."""

    def pieces(self, key: str, extent: Extent | None = None) -> Iterator[bytes]:
        """The bytes of a file, or of a part of it."""
        ...

    def open_header(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Open a file to read only its header; the stream may end before the pixels."""
        ...


class _AsStored:
    """Files without identities.

    Args:
        store: The object store.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store, self.open_header = store, store.open

    def pieces(self, key: str, extent: Extent | None = None) -> Iterator[bytes]:
        """See `ReadableStore.pieces`."""
        return pieces_of(self._store, key, extent)


def readable(request: Request, user: User) -> ReadableStore:
    """The store for a user; who may see identities gets files that have them again."""
    state = request.app.state
    if state.settings.names == "keep" and has_permission(user.role, "identify"):
        return RestoringStore(state.store, state.sessions, state.names)
    return _AsStored(state.store)
