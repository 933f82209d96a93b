"""Bounded forward reading of bytes: from memory, from a file, or inflated."""

import zlib
from typing import BinaryIO

_CHUNK = 1 << 16


class EndOfFileError(Exception):
    """The file ends before what it announces."""


class TooMuchError(Exception):
    """The file holds more than may be read of it."""


class Source:
    """A stream that is read forwards only.

    Args:
        stream: Positioned anywhere; seekable.
        position: Where to start.
    """

    def __init__(self, stream: BinaryIO, position: int = 0) -> None:
        self._stream = stream
        self.position = position
        self.size: int | None = stream.seek(0, 2)
        stream.seek(position)

    def read(self, count: int) -> bytes:
        """Read exactly so many bytes.

        Raises:
            EndOfFileError: Where there are fewer.
        """
        content = self._stream.read(count)
        self.position += len(content)
        if len(content) < count:
            raise EndOfFileError
        return content

    def some(self, count: int) -> bytes:
        """Read so many bytes, or what is left.

        Raises:
            EndOfFileError: Where nothing is left.
        """
        content = self._stream.read(count)
        self.position += len(content)
        if not content:
            raise EndOfFileError
        return content

    def peek(self, count: int) -> bytes:
        """The next bytes, or what is left, without moving on."""
        content = self._stream.read(count)
        self._stream.seek(self.position)
        return content

    def skip(self, count: int) -> None:
        """Skip so many bytes.

        Raises:
            EndOfFileError: Where there are fewer.
        """
        self.position += count
        if self.size is not None and self.position > self.size:
            raise EndOfFileError
        self._stream.seek(self.position)


class InflatedSource(Source):
    """What a raw deflate stream inflates to, never more than `limit` bytes of it and never more than a chunk ahead.

    Args:
        stream: Positioned at the first compressed byte.
        position: Of that byte in the stream.
        limit: Bytes after which `TooMuchError` is raised; may be raised later on.
    """

    def __init__(self, stream: BinaryIO, position: int, limit: int) -> None:
        super().__init__(stream, position)
        self.position, self.size, self.limit = 0, None, limit
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._ready = bytearray()

    def read(self, count: int) -> bytes:
        """See `Source.read`.

        Raises:
            TooMuchError: Beyond the limit.
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
            TooMuchError: Beyond the limit.
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
            TooMuchError: Beyond the limit.
        """
        while count > 0:
            part = min(count, _CHUNK)
            self.read(part)
            count -= part

    def ends_within(self, count: int) -> bool:
        """Whether at most so many bytes follow; they are passed over."""
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
