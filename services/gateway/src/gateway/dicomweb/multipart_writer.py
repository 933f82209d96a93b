"""Streams multipart/related answers (RFC 2387)."""

import secrets
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gateway.streaming import StreamedResponse


class Part(NamedTuple):
    """A part of an answer.

    Attributes:
        media_type: Media type with its parameters.
        pieces: Bytes of the part.
    """

    media_type: str
    pieces: Iterable[bytes]


def multipart_response(parts: Iterable[Part], media_type: str) -> StreamedResponse:
    """An answer of parts that are all of one media type."""
    boundary = secrets.token_hex(16)
    content_type = f'multipart/related; type="{media_type}"; boundary={boundary}'
    return StreamedResponse(_written(parts, boundary), media_type=content_type)


def _written(parts: Iterable[Part], boundary: str) -> Iterator[bytes]:
    for part in parts:
        yield f"--{boundary}\r\nContent-Type: {part.media_type}\r\n\r\n".encode()
        yield from part.pieces
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode()
