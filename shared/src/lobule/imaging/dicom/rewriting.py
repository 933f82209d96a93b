"""Copies a DICOM file with changed values, forwards and within limits; pixels are copied unchanged.

The copy has the transfer syntax of the file. Sequences get undefined lengths, so that the copy needs no buffering.
"""

import struct
from collections.abc import Generator, Iterator, Mapping
from typing import BinaryIO, Protocol

from lobule import limits
from lobule.errors import AnalysisError
from lobule.imaging.dicom.elements import (
    ITEM,
    ITEM_END,
    SEQUENCE_END,
    UNDEFINED,
    Parser,
    is_explicit,
    takes_long_length,
)
from lobule.imaging.dicom.file import DEFLATED, is_little, start_of
from lobule.imaging.dicom.retained import Rule
from lobule.imaging.dicom.sinks import Deflating, Held, Nowhere, Sink
from lobule.imaging.dicom.source import EndOfFileError, InflatedSource, Source, TooMuchError
from lobule.imaging.dicom.vocabulary import Tag
from lobule.imaging.metadata.masking import Masking

_PIECE = 1 << 18
_PIXELS = frozenset({Tag.PIXELS, Tag.FLOAT_PIXELS, Tag.DOUBLE_PIXELS})
_META_KEPT = {
    0x00020001: "OB",
    0x00020002: "UI",
    0x00020003: "UI",
    0x00020010: "UI",
    0x00020012: "UI",
    0x00020013: "SH",
}
_INSTANCE_IN_META, _SYNTAX = 0x00020003, Tag.TRANSFER_SYNTAX_UID
Steps = Generator[None, None, None]
"""Copies a part of a file; after each step, what was written may be taken."""


class Changes(Protocol):
    """The changes of a copy."""

    rules: Mapping[int, Rule]
    """The attributes to copy; all others are left out."""
    added: Mapping[int, tuple[str, bytes]]
    """New top-level attributes with their representation and value; they replace those of the file."""
    pixels: bool
    """Whether the copy contains the pixels."""

    def value(self, tag: int, rule: Rule, value: bytes, *, top: bool) -> bytes:
        """Return the new value of an element; `top` is False within items of sequences."""
        ...


def rewritten(stream: BinaryIO, changes: Changes) -> Iterator[bytes]:
    """Copy a DICOM file with changed values. The copy of a truncated file is truncated at the same place.

    Args:
        stream: The file, which must be seekable.
        changes: The changes to apply.

    Yields:
        Pieces of the copy. No more than one is held in memory, however long the file is.

    Raises:
        AnalysisError: `image_unreadable` if the file is not DICOM or exceeds the limits before its pixels.
    """
    held = Held()
    try:
        for _ in _rewrite(stream, held, changes):
            if len(held.content) >= _PIECE:
                yield held.take()
    except (TooMuchError, struct.error):
        raise AnalysisError("image_unreadable", "dicom_header_too_large") from None
    yield held.take()


def _rewrite(stream: BinaryIO, sink: Sink, changes: Changes) -> Steps:
    stream.seek(0)
    start = start_of(stream.read(140))
    if start is None:
        raise AnalysisError("image_unreadable", "dicom_header")
    source = Source(stream, start)
    meta = _meta(source, changes)
    if start:
        sink.write(bytes(128) + b"DICM")
    sink.write(meta.content)
    if meta.syntax != DEFLATED:
        yield from _Copy(source, sink, changes).run()
        return
    deflating = Deflating(sink)
    yield from _Copy(
        InflatedSource(stream, source.position, limits.MAX_DICOM_INFLATED_HEADER), deflating, changes
    ).run()
    deflating.close()


class _Meta:
    """The file meta information of the copy.

    Attributes:
        content: Its bytes; empty if the file has none.
        syntax: Its transfer syntax.
    """

    def __init__(self, elements: list[tuple[int, str, bytes]]) -> None:
        self.syntax = next(
            (value.rstrip(b"\0 ").decode("ascii", "replace") for tag, _, value in elements if tag == _SYNTAX), ""
        )
        content = b"".join(_head(tag, vr, len(value), explicit=True) + value for tag, vr, value in elements)
        length = struct.pack("<I", len(content))
        self.content = _head(0x00020000, "UL", 4, explicit=True) + length + content if content else b""


def _meta(source: Source, changes: Changes) -> _Meta:
    parser, found = _Copy(source, Nowhere(), changes), list[tuple[int, str, bytes]]()
    try:
        while source.peek(2) == b"\x02\x00":
            tag, representation, value = parser.short_element()
            if tag == _INSTANCE_IN_META:
                value = changes.value(tag, Rule("UI", "instance"), value, top=False)
            if tag in _META_KEPT:
                found.append((tag, representation, value))
    except EndOfFileError:
        pass
    return _Meta(found)


class _Copy(Parser):
    """Copies one data set."""

    def __init__(self, source: Source, sink: Sink, changes: Changes) -> None:
        super().__init__(source, little=is_little(source.peek(6)))
        self._sink, self._changes = sink, changes
        self._explicit = is_explicit(source.peek(6))
        self._to_add = sorted(changes.added)

    def run(self) -> Steps:
        """Copy up to the end of the pixels; only padding or a signature of the original can follow."""
        try:
            while len(self.source.peek(8)) == 8 and (yield from self._copy_element(self._explicit, 0)):
                yield
        except EndOfFileError:
            pass
        self._add_before(1 << 32)

    def short_element(self) -> tuple[int, str, bytes]:
        """Read an element of the file meta information, which is always explicit and little endian."""
        tag, representation, length = self._head(explicit=True)
        if length > limits.MAX_DICOM_VALUE:
            raise TooMuchError
        return tag, representation, self.source.read(length)

    def _write(self, tag: int, representation: str, value: bytes) -> None:
        self._write_head(tag, representation, len(value))
        self._sink.write(value)

    def _write_head(self, tag: int, representation: str, length: int) -> None:
        self._sink.write(_head(tag, representation, length, explicit=self._explicit, order=self._order))

    def _add_before(self, tag: int) -> None:
        while self._to_add and self._to_add[0] < tag:
            added = self._to_add.pop(0)
            self._write(added, *self._changes.added[added])

    def _copy_element(self, explicit: bool, depth: int) -> Generator[None, None, bool]:
        """Copy or leave out one element; False if the data set ends."""
        tag, representation, length = self._head(explicit)
        if tag in (ITEM_END, SEQUENCE_END):
            return depth == 0
        if depth == 0:
            self._add_before(tag)
            if tag >> 16 > 0x7FE0:
                return False
        rule = self._changes.rules.get(tag)
        replaced = depth == 0 and tag in self._changes.added
        if replaced and tag in self._to_add:  # a repeated element, or one out of order, is already in the copy
            self._to_add.remove(tag)
            self._write(tag, *self._changes.added[tag])
        if rule is None or replaced:
            self._leave_out(representation, length, explicit, depth)
        elif depth == 0 and tag in _PIXELS:
            if self._changes.pixels:
                yield from self._copy_pixels(tag, representation, length)
            return False
        elif rule.representation == "SQ":
            yield from self._copy_sequence(tag, length, explicit, depth + 1)
        else:
            known = representation if explicit else rule.representation
            yield from self._copy_value(tag, rule, known, length, top=depth == 0)
        return True

    def _leave_out(self, representation: str, length: int, explicit: bool, depth: int) -> None:
        if length == UNDEFINED:
            raw = representation in ("OB", "OW", "OF", "OD", "OL", "OV")
            self._sequence(length, explicit, depth + 1, raw=raw, keep=False)
        else:
            self.source.skip(length)

    def _copy_value(self, tag: int, rule: Rule, representation: str, length: int, *, top: bool) -> Steps:
        if length == UNDEFINED:  # among retained attributes, only the pixels are fragmented
            raise TooMuchError
        if rule.action == "keep" and length > limits.MAX_DICOM_VALUE:
            self._write_head(tag, representation, length)
            yield from self._copy_bytes(length)
            return
        if length > limits.MAX_DICOM_VALUE:
            raise TooMuchError
        value = self._changes.value(tag, rule, self.source.read(length), top=top)
        self._write(tag, representation, value)

    def _copy_sequence(self, tag: int, length: int, explicit: bool, depth: int) -> Steps:
        if depth > limits.MAX_DICOM_DEPTH:
            raise TooMuchError
        self._write_head(tag, "SQ", UNDEFINED)
        end = None if length == UNDEFINED else self.source.position + length
        while end is None or self.source.position + 8 <= end:
            found, _, size = self._head(explicit=False)
            if found == SEQUENCE_END:
                break
            self._items += 1
            if found != ITEM or self._items > limits.MAX_DICOM_ITEMS:
                raise TooMuchError
            self._delimit(ITEM, UNDEFINED)
            yield from self._copy_item(size, explicit, depth)
            self._delimit(ITEM_END, 0)
        self._delimit(SEQUENCE_END, 0)

    def _copy_item(self, size: int, explicit: bool, depth: int) -> Steps:
        end = None if size == UNDEFINED else self.source.position + size
        if end is None or size >= 8:
            # An element of unknown representation may differ from its data set.
            explicit = is_explicit(self.source.peek(6))
        while end is None or self.source.position + 8 <= end:
            if not (yield from self._copy_element(explicit, depth)):
                break
            yield
        if end is not None and self.source.position < end:
            self.source.skip(end - self.source.position)

    def _delimit(self, tag: int, length: int) -> None:
        self._sink.write(struct.pack(f"{self._order}HHI", tag >> 16, tag & 0xFFFF, length))

    def _copy_pixels(self, tag: int, representation: str, length: int) -> Steps:
        self._write_head(tag, representation, length)
        if length != UNDEFINED:
            yield from self._copy_bytes(length)
            return
        masking = None
        while True:
            found, _, size = self._head(explicit=False)
            self._delimit(found, size)
            if found != ITEM or size == UNDEFINED:
                return
            # A codestream, not the table of offsets.
            if masking is None and self.source.peek(2) in (b"\xff\xd8", b"\xff\x4f"):
                masking = Masking()
            yield from self._copy_bytes(size, masking)

    def _copy_bytes(self, count: int, masking: Masking | None = None) -> Steps:
        """Copy this number of bytes, or up to the end of the file; comments in codestreams are removed."""
        if isinstance(self.source, InflatedSource):
            if count > limits.MAX_DECODED_BYTES:
                raise TooMuchError
            self.source.limit = max(self.source.limit, self.source.position + count)
        while count > 0:
            piece = self.source.some(min(count, _PIECE))
            self._sink.write(piece if masking is None else masking.feed(piece))
            count -= len(piece)
            yield


def _head(tag: int, representation: str, length: int, *, explicit: bool, order: str = "<") -> bytes:
    """The bytes of an element before its value."""
    name = struct.pack(f"{order}HH", tag >> 16, tag & 0xFFFF)
    if not explicit:
        return name + struct.pack(f"{order}I", length)
    if not takes_long_length(representation) and length > 0xFFFF:
        representation = "UN"
    letters = representation.encode("ascii")
    if takes_long_length(representation):
        return name + letters + struct.pack(f"{order}HI", 0, length)
    return name + letters + struct.pack(f"{order}H", length)
