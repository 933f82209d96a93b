"""Reads bytes forwards and within limits, from memory, from a file, or while inflating."""

import zlib
from typing import BinaryIO

_CHUNK = 1 << 16


class EndOfFileError(Exception):
    """The file ends before its announced length."""


class TooMuchError(Exception):
    """The file exceeds a limit."""


class Source:
    """A stream that is only read forwards.

    Args:
        stream: Seekable stream at any position.
        position: Position at which to start.
    """

    def __init__(self, stream: BinaryIO, position: int = 0) -> None:
        self._stream = stream
        self.position = position
        self.size: int | None = stream.seek(0, 2)
        stream.seek(position)

    def read(self, count: int) -> bytes:
        """Read exactly `count` bytes.

        Raises:
            EndOfFileError: Fewer bytes are left.
        """
        content = self._stream.read(count)
        self.position += len(content)
        if len(content) < count:
            raise EndOfFileError
        return content

    def some(self, count: int) -> bytes:
        """Read up to `count` bytes.

        Raises:
            EndOfFileError: No byte is left.
        """
        content = self._stream.read(count)
        self.position += len(content)
        if not content:
            raise EndOfFileError
        return content

    def peek(self, count: int) -> bytes:
        """Return up to `count` of the next bytes without moving on."""
        content = self._stream.read(count)
        self._stream.seek(self.position)
        return content

    def skip(self, count: int) -> None:
        """Skip `count` bytes.

        Raises:
            EndOfFileError: Fewer bytes are left.
        """
        self.position += count
        if self.size is not None and self.position > self.size:
            raise EndOfFileError
        self._stream.seek(self.position)


class InflatedSource(Source):
    """Inflates a raw deflate stream, at most `limit` bytes of it and at most a chunk ahead.

    Args:
        stream: Stream at the first compressed byte.
        position: Position of that byte in the stream.
        limit: Number of bytes after which `TooMuchError` is raised; it can be increased later.
    """

    def __init__(self, stream: BinaryIO, position: int, limit: int) -> None:
        super().__init__(stream, position)
        self.position, self.size, self.limit = 0, None, limit
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._ready = bytearray()

    def read(self, count: int) -> bytes:
        """See `Source.read`.

        Raises:
            TooMuchError: The data exceed the limit.
        """
        if self.position + count > self.limit:
            raise TooMuchError
        if not self._fill(count):
            self.position += len(self._ready)
            raise EndOfFileError
        content = bytes(self._ready[:count])
        del self._ready[:count]
        self.position += count
        return content

    def some(self, count: int) -> bytes:
        """See `Source.some`.

        Raises:
            TooMuchError: The data exceed the limit.
        """
        self._fill(1)
        return self.read(min(count, max(1, len(self._ready))))

    def peek(self, count: int) -> bytes:
        """See `Source.peek`."""
        self._fill(count)
        return bytes(self._ready[:count])

    def skip(self, count: int) -> None:
        """See `Source.skip`.

        Raises:
            TooMuchError: The data exceed the limit.
        """
        while count > 0:
            part = min(count, _CHUNK)
            self.read(part)
            count -= part

    def ends_within(self, count: int) -> bool:
        """Skip up to `count` bytes; returns whether the stream ends within them."""
        self.limit = self.position + count + 1
        try:
            self.skip(count + 1)
        except EndOfFileError:
            return True
        return False

    def _fill(self, count: int) -> bool:
        while len(self._ready) < count:
            compressed = self._inflater.unconsumed_tail or self._stream.read(_CHUNK)
            if self._inflater.eof or not compressed:
                return False
            try:
                self._ready += self._inflater.decompress(compressed, max(_CHUNK, count - len(self._ready)))
            except zlib.error:
                return False
        return True
