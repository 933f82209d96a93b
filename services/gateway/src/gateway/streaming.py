"""Reads objects of the store piece by piece, so that the memory of an answer does not grow with what it carries.

A piece that is sent lies in memory until the client has taken it, however slow the client is.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import BinaryIO, NamedTuple, Protocol

PIECE = 256 * 1024
"""Bytes."""


class Openable(Protocol):
    """Files under keys."""

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """See `ObjectStore.open`."""
        ...


class Extent(NamedTuple):
    """A part of a file.

    Attributes:
        start: First byte.
        length: In bytes.
    """

    start: int
    length: int


def pieces_of(store: Openable, key: str, extent: Extent | None = None) -> Iterator[bytes]:
    """The bytes of an object, or of a part of it."""
    with store.open(key) as stream:
        if extent is None:
            while piece := stream.read(PIECE):
                yield piece
            return
        stream.seek(extent.start)
        yield from pieces_from(stream, extent.length)


def pieces_from(stream: BinaryIO, length: int) -> Iterator[bytes]:
    """So many of the next bytes of a stream; fewer if it ends."""
    while length > 0 and (piece := stream.read(min(PIECE, length))):
        length -= len(piece)
        yield piece


def size_of(store: Openable, key: str) -> int:
    """The bytes of an object.

    Raises:
        ObjectNotFoundError: There is none.
    """
    with store.open(key) as stream:
        return stream.seek(0, 2)
