"""Reads objects of the store piece by piece, so that the memory of an answer does not grow with what it carries.

A piece that is sent lies in memory until the client has taken it, however slow the client is.
"""

import hashlib
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, BinaryIO, NamedTuple

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from lobule.storage import ObjectStore, StoreUnavailableError

PIECE = 256 * 1024
"""Bytes."""
_KEPT = 64 * 1024
"""Bytes before its position that `RewoundPieces` keeps: parsers go back by a few."""


class Extent(NamedTuple):
    """A part of a file.

    Attributes:
        start: First byte.
        length: Length in bytes.
    """

    start: int
    length: int


class StoredFile(NamedTuple):
    """An object that is to be sent: its hash is known before, and little of it is in memory.

    Attributes:
        size: Size in bytes.
        sha256: SHA-256 of the content.
        pieces: The content, once.
    """

    size: int
    sha256: str
    pieces: Iterable[bytes]


def held_file(content: bytes) -> StoredFile:
    """Bytes that had to be read as a whole."""
    return StoredFile(len(content), hashlib.sha256(content).hexdigest(), [content])


def stored_file(store: ObjectStore, key: str) -> StoredFile:
    """An object; a large one is read a second time when it is sent.

    Raises:
        ObjectNotFoundError: There is none.
    """
    digest, size, held = hashlib.sha256(), 0, list[bytes]()
    for piece in pieces_of(store, key):
        digest.update(piece)
        size += len(piece)
        held = [*held, piece] if size <= PIECE else []
    sha256 = digest.hexdigest()
    return StoredFile(size, sha256, held if size <= PIECE else _unchanged(pieces_of(store, key), sha256))


def _unchanged(pieces: Iterable[bytes], sha256: str) -> Iterator[bytes]:
    """These pieces, without the last one if they are not what the hash says.

    Raises:
        StoreUnavailableError: The object was replaced since it was hashed.
    """
    digest, last = hashlib.sha256(), b""
    for piece in pieces:
        digest.update(piece)
        if last:
            yield last
        last = piece
    if digest.hexdigest() != sha256:
        raise StoreUnavailableError("an object changed while it was sent")
    yield last


def pieces_of(store: ObjectStore, key: str, extent: Extent | None = None) -> Iterator[bytes]:
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


def part_of(pieces: Iterable[bytes], extent: Extent | None) -> Iterator[bytes]:
    """A part of what these pieces are together; None: all of it."""
    if extent is None:
        yield from pieces
        return
    start, end = extent.start, extent.start + extent.length
    for piece in pieces:
        if part := piece[max(0, start) : max(0, end)]:
            yield part
        start, end = start - len(piece), end - len(piece)
        if end <= 0:
            return


class RewoundPieces:
    """Reads pieces as a file that can be sought. Little of it is in memory; seeking far back makes the pieces again.

    Args:
        make: Makes the pieces from the first one on; those that it made before are not used any more then.
    """

    def __init__(self, make: Callable[[], Iterator[bytes]]) -> None:
        self._make = make
        self._rewind()
        self._position = 0

    def tell(self) -> int:
        """The position."""
        return self._position

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a position; see `io.IOBase`."""
        base = (0, self._position, 0)[whence]
        if whence == 2:
            self._position = self._start + len(self._held)
            while self._take():
                self._position = self._start + len(self._held)
            base = self._start + len(self._held)
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int = -1) -> bytes:
        """Read so many bytes, or all; fewer at the end."""
        if self._position < self._start:
            self._rewind()
        while (size < 0 or self._start + len(self._held) < self._position + size) and self._take():
            pass
        start = self._position - self._start
        found = bytes(self._held[start : len(self._held) if size < 0 else start + size])
        self._position += len(found)
        return found

    def _rewind(self) -> None:
        self._pieces, self._start, self._held = self._make(), 0, bytearray()

    def _take(self) -> bool:
        """Read one more piece, and drop data far before the position; False at the end."""
        piece = next(self._pieces, None)
        if piece is None:
            return False
        self._held += piece
        forgotten = min(len(self._held), self._position - _KEPT - self._start)
        if forgotten > 0:
            del self._held[:forgotten]
            self._start += forgotten
        return True


def size_of(store: ObjectStore, key: str) -> int:
    """The bytes of an object.

    Raises:
        ObjectNotFoundError: There is none.
    """
    with store.open(key) as stream:
        return stream.seek(0, 2)


async def _continued(first: Any, rest: AsyncIterator[Any]) -> AsyncIterator[Any]:
    yield first
    async for piece in rest:
        yield piece


class StreamedResponse(StreamingResponse):
    """A response of pieces. What they are read from is closed with it, also if the client leaves or wants no more.

    Args:
        pieces: Pieces of the body.
        status_code: Status of the response.
        headers: Headers of the response.
        media_type: Media type of the body.
    """

    def __init__(
        self,
        pieces: Iterable[bytes],
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        media_type: str | None = None,
    ) -> None:
        super().__init__(pieces, status_code, headers, media_type)
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See `StreamingResponse`. An object that cannot be read is an error before the response begins."""
        try:
            rest = aiter(self.body_iterator)
            self.body_iterator = _continued(await anext(rest, b""), rest)
            await super().__call__(scope, receive, send)
        finally:
            if isinstance(self._pieces, Generator):
                with suppress(ValueError):  # a thread is reading a piece, and ends with it
                    self._pieces.close()


def file_response(file: StoredFile, media_type: str, headers: Mapping[str, str] | None = None) -> StreamedResponse:
    """A response with a file, its length and an `ETag` of its content."""
    own = {"Content-Length": str(file.size), "ETag": f'"{file.sha256[:32]}"'}
    return StreamedResponse(file.pieces, media_type=media_type, headers={**(headers or {}), **own})
