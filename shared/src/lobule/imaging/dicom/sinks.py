"""Where the bytes of a copied file go."""

import zlib
from typing import Protocol


class Sink(Protocol):
    """Receives the bytes of the copy."""

    def write(self, data: bytes, /) -> object:
        """Append bytes."""
        ...


class Nowhere:
    """Forgets what it receives."""

    def write(self, data: bytes) -> None:
        """See `Sink.write`."""


class Held:
    """Holds what was written until it is taken."""

    def __init__(self) -> None:
        self.content = bytearray()

    def write(self, data: bytes) -> None:
        """See `Sink.write`."""
        self.content += data

    def take(self) -> bytes:
        """What was written since the last time."""
        content = bytes(self.content)
        self.content.clear()
        return content


class Deflating:
    """Deflates what it receives.

    Args:
        sink: Receives the deflated bytes.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink, self._deflater = sink, zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)

    def write(self, data: bytes) -> None:
        """See `Sink.write`."""
        self._sink.write(self._deflater.compress(data))

    def close(self) -> None:
        """Write what is left."""
        self._sink.write(self._deflater.flush())
