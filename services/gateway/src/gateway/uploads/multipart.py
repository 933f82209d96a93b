"""Parsing multipart/form-data as it arrives: text fields into memory (bounded), the file piece by piece."""

from dataclasses import dataclass, field
from typing import TypeVar

from python_multipart.exceptions import FormParserError, MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from gateway.errors import ProblemError
from gateway.uploads.file_names import file_name_of
from lobule import limits

Buffer = TypeVar("Buffer", bytes, bytearray)


@dataclass
class Fields:
    """The text fields that came so far."""

    values: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class FileStart:
    """The file begins."""

    file_name: str


Event = Fields | FileStart | bytes | None


class MultipartForm:
    """Turns a form's bytes into events: the fields before the file, its start, its pieces, None at its regular end.

    Args:
        content_type: The header of the request.

    Raises:
        ProblemError: `not_multipart` (415) or `malformed_upload` (400).
    """

    def __init__(self, content_type: str) -> None:
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise ProblemError(415, "not_multipart")
        self._parser = make_parser(boundary, self)
        self._events: list[Event] = []
        self.fields: dict[str, str] = {}
        self.file_ended = False
        self._header_name = self._header_value = b""
        self._headers: dict[bytes, bytes] = {}
        self._name: str | None = None
        self._value = bytearray()
        self._in_file = False
        self._parts = 0

    def write(self, piece: bytes) -> ProblemError | None:
        """Parse more bytes; returns an error instead of raising it, so that the events before it can still be taken."""
        try:
            self._parser.write(piece)
        except ProblemError as problem:
            return problem
        except MultipartParseError as error:
            return malformed("syntax", problem=str(error))
        return None

    def take(self) -> list[Event]:
        """The events since the last call."""
        events, self._events = self._events, []
        return events

    def on_part_begin(self) -> None:
        self._headers, self._name, self._in_file = {}, None, False
        self._value = bytearray()
        self._parts += 1  # not its names: all fields of a form may have the same one, or none
        if self._parts > limits.MAX_FIELDS + 1:
            raise malformed("too_many_fields")

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name = _bounded(self._header_name + data[start:end], limits.MAX_FIELD_BYTES)

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value = _bounded(self._header_value + data[start:end], limits.MAX_FIELD_BYTES)

    def on_header_end(self) -> None:
        self._headers[self._header_name.lower()] = self._header_value
        self._header_name = self._header_value = b""
        if len(self._headers) > limits.MAX_FIELDS:
            raise malformed("too_many_headers")

    def on_headers_finished(self) -> None:
        disposition = self._headers.get(b"content-disposition", b"")
        _, options = parse_options_header(disposition)
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        file_name = file_name_of(disposition)
        if file_name is not None:
            if self._name != "file":
                raise malformed("file_field", name=self._name)
            if self.file_ended:
                raise malformed("several_files")
            self._in_file = True
            self._events += [Fields(dict(self.fields)), FileStart(file_name)]

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self._events.append(data[start:end])
        else:
            self._value += data[start:end]
            _bounded(self._value, limits.MAX_FIELD_BYTES)

    def on_part_end(self) -> None:
        if self._in_file:
            self._in_file, self.file_ended = False, True
            self._events.append(None)
        elif self._name:
            self.fields[self._name] = self._value.decode("utf-8", "replace")


def make_parser(boundary: bytes, listener: object) -> MultipartParser:
    """A parser that calls the methods of an object whose names begin with `on_`.

    Raises:
        ProblemError: `malformed_upload`, 400, if the boundary is longer than the parser accepts.
    """
    callbacks = {name: getattr(listener, name) for name in dir(listener) if name.startswith("on_")}
    try:
        return MultipartParser(boundary, callbacks)  # pyright: ignore[reportArgumentType]
    except FormParserError as error:
        raise malformed("syntax", problem=str(error)) from None


def malformed(reason: str, **values: str | None) -> ProblemError:
    """The error for an upload that is not valid multipart/form-data."""
    return ProblemError(400, "malformed_upload", reason, values=values)


def _bounded(data: Buffer, most: int) -> Buffer:
    if len(data) > most:
        raise malformed("too_long")
    return data
