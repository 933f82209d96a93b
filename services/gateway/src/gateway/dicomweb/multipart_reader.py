"""Parsing multipart/related as it arrives (RFC 2387): each part piece by piece, none of them in memory."""

from collections.abc import AsyncIterator

from fastapi import Request
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import parse_options_header

from gateway.errors import ProblemError
from gateway.uploads.multipart import make_parser, malformed

MEDIA_TYPE = "application/dicom"
MAX_PARTS = 500
_MAX_HEADERS_BYTES = 8 * 1024


class MultipartReader:
    """Turns the bytes of a body into events: None if a part begins, and its pieces.

    Args:
        content_type: The header of the request.

    Raises:
        ProblemError: `not_multipart` (415) or `malformed_upload` (400).
    """

    def __init__(self, content_type: str) -> None:
        kind, options = parse_options_header(content_type)
        boundary, of = options.get(b"boundary"), options.get(b"type", MEDIA_TYPE.encode())
        if kind != b"multipart/related" or not boundary or of.lower() != MEDIA_TYPE.encode():
            raise ProblemError(415, "not_multipart", "related")
        self._parser = make_parser(boundary, self)
        self._events: list[bytes | None] = []
        self._parts = self._header_bytes = 0
        self.ended = False

    def feed(self, piece: bytes) -> list[bytes | None]:
        """The events of more bytes.

        Raises:
            ProblemError: `malformed_upload`, 400.
        """
        try:
            self._parser.write(piece)
        except MultipartParseError as error:
            raise malformed("related_syntax", problem=str(error)) from None
        events, self._events = self._events, []
        return events

    def on_part_begin(self) -> None:
        self._parts, self._header_bytes = self._parts + 1, 0
        if self._parts > MAX_PARTS:
            raise malformed("too_many_parts", most=str(MAX_PARTS))

    def on_header_field(self, _data: bytes, start: int, end: int) -> None:
        self._bound_headers(end - start)

    def on_header_value(self, _data: bytes, start: int, end: int) -> None:
        self._bound_headers(end - start)

    def on_headers_finished(self) -> None:
        self._events.append(None)

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(data[start:end])

    def on_end(self) -> None:
        self.ended = True

    def _bound_headers(self, count: int) -> None:
        self._header_bytes += count
        if self._header_bytes > _MAX_HEADERS_BYTES:
            raise malformed("too_long")


async def read_parts(request: Request) -> AsyncIterator[bytes | None]:
    """The events of a request's body.

    Raises:
        ProblemError: `not_multipart` (415) or `malformed_upload` (400), also if the body is cut off.
    """
    parts, any_part = MultipartReader(request.headers.get("Content-Type", "")), False
    async for piece in request.stream():
        for event in parts.feed(piece):
            any_part = any_part or event is None
            yield event
    if not parts.ended:
        raise ProblemError(400, "malformed_upload")
    if not any_part:
        raise malformed("no_parts")
