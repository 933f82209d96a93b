"""Streams multipart/form-data: text fields into bounded memory, the file in chunks to the caller.

Starlette's own form parser writes the whole upload to a temporary file before the endpoint sees it; this one lets the
endpoint check the fields, and refuse, before the first byte of the file is stored.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TypeVar

from fastapi import Request
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from gateway.errors import ProblemError
from gateway.images.file_names import file_name_of

Buffer = TypeVar("Buffer", bytes, bytearray)

_MAX_FIELD_BYTES = 4 * 1024
_MAX_FIELDS = 20
_MAX_HEADER_BYTES = 4 * 1024


@dataclass
class Fields:
    """The text fields that came before the file."""

    values: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class FileStart:
    """The file begins."""

    file_name: str


class _Parts:
    """Callbacks of the parser: turns its spans into a list of events."""

    def __init__(self) -> None:
        self.events: list[FileStart | bytes | None] = []
        self.fields: dict[str, str] = {}
        self.file_ended = False
        self._header_name = self._header_value = b""
        self._headers: dict[bytes, bytes] = {}
        self._name: str | None = None
        self._value = bytearray()
        self._in_file = False

    def on_part_begin(self) -> None:
        self._headers, self._name, self._in_file = {}, None, False
        self._value = bytearray()

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name = _bounded(self._header_name + data[start:end], _MAX_HEADER_BYTES)

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value = _bounded(self._header_value + data[start:end], _MAX_HEADER_BYTES)

    def on_header_end(self) -> None:
        self._headers[self._header_name.lower()] = self._header_value
        self._header_name = self._header_value = b""
        if len(self._headers) > _MAX_FIELDS:
            raise malformed("a part has too many headers")

    def on_headers_finished(self) -> None:
        disposition = self._headers.get(b"content-disposition", b"")
        _, options = parse_options_header(disposition)
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        file_name = file_name_of(disposition)
        if file_name is not None:
            if self._name != "file":
                raise malformed(f"the file must come in the field 'file', not {self._name!r}")
            if self.file_ended:
                raise malformed("there is more than one file; send one image in each request")
            self._in_file = True
            self.events.append(FileStart(file_name))
        elif len(self.fields) >= _MAX_FIELDS:
            raise malformed("there are too many fields")
        elif self.file_ended:
            raise malformed(f"the field {self._name!r} must come before the file")

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self.events.append(data[start:end])
        else:
            self._value += data[start:end]
            _bounded(self._value, _MAX_FIELD_BYTES)

    def on_part_end(self) -> None:
        if self._in_file:
            self._in_file, self.file_ended = False, True
            self.events.append(None)
        elif self._name:
            self.fields[self._name] = self._value.decode("utf-8", "replace")

    def take(self) -> list[FileStart | bytes | None]:
        events, self.events = self.events, []
        return events


async def read_multipart(request: Request) -> AsyncIterator[Fields | FileStart | bytes | None]:
    """The events of an upload: the fields, the file's start, its pieces, and None where it ended as it should.

    An upload that is cut off raises `ClientDisconnect` (the connection ended) or `ProblemError` (the body ended early).

    Raises:
        ProblemError: `not_multipart`, `malformed_upload` or `file_missing`, 4xx.
    """
    kind, options = parse_options_header(request.headers.get("Content-Type", ""))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise ProblemError(415, "not_multipart", "Please send the image as multipart/form-data with a field 'file'.")
    parts = _Parts()
    callbacks = {name: getattr(parts, name) for name in dir(parts) if name.startswith("on_")}
    parser = MultipartParser(boundary, callbacks)  # pyright: ignore[reportArgumentType] - a dict of its callbacks
    begun = False
    async for piece in request.stream():
        problem = _write(parser, piece)
        # What came before the problem comes out first, so that an answer does not depend on how the bytes were cut.
        for event in parts.take():
            if isinstance(event, FileStart):
                begun = True
                yield Fields(dict(parts.fields))
            yield event
        if problem is not None:
            raise problem
    if not begun:
        raise ProblemError(422, "file_missing", "There is no file in the request. Please choose an image.")
    if not parts.file_ended:
        raise malformed("the upload ended before the file did; please send it again")


def _write(parser: MultipartParser, piece: bytes) -> ProblemError | None:
    try:
        parser.write(piece)
    except ProblemError as problem:
        return problem
    except MultipartParseError as error:
        return malformed(str(error))
    return None


def malformed(what: str) -> ProblemError:
    """The error for an upload that is not valid multipart/form-data."""
    return ProblemError(400, "malformed_upload", f"The upload cannot be read: {what}.")


def _bounded(data: Buffer, most: int) -> Buffer:
    if len(data) > most:
        raise malformed("a field or header is too long")
    return data
