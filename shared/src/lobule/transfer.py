"""Helpers for HTTP clients: files that report their progress, and trusted certificates."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO


class TrackedFile:
    """A file that reports how many bytes have been read."""

    def __init__(self, stream: BinaryIO, sent: Callable[[int], None]) -> None:
        self._stream, self._sent = stream, sent

    def read(self, size: int = -1) -> bytes:
        """See `BinaryIO`."""
        data = self._stream.read(size)
        self._sent(len(data))
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def trusting(ca: Path | None) -> ssl.SSLContext | bool:
    """The certificates that an HTTP client trusts: those of a PEM file, or those of the system."""
    return True if ca is None else ssl.create_default_context(cafile=str(ca))
