"""Copies one-page TIFF files with only the tags that decoding needs (Adobe, TIFF 6.0; BigTIFF)."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from lobule import limits
from lobule.errors import AnalysisError
from lobule.imaging.field_scale import stated_scale
from lobule.imaging.metadata.icc import without_descriptions
from lobule.imaging.metadata.masking import Masking
from lobule.imaging.tiff_directory import Directory
from lobule.imaging.tiff_header import JPEG, TiffLayout, read_tiff

if TYPE_CHECKING:
    from lobule.imaging.metadata.removing import Sink

_DESCRIPTION, _PROFILE, _TABLES = 270, 34675, 347
_KEPT = (254, 255, 256, 257, 258, 259, 262, 266, 274, 277, 278, 282, 283, 284, 296, 317, 320, 322, 323, 338, 339, 530)
_KEPT += (531, 532)
_SIZES = {1: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 13: 4, 16: 8, 17: 8, 18: 8}
_TEXT, _UNDEFINED = 2, 7
_MOST_VALUES, _MOST_TABLES, _PIECE = 3 * 256, 1 << 16, 1 << 20


@dataclass(frozen=True)
class _Value:
    """A tag of the copy."""

    tag: int
    kind: int
    count: int
    content: bytes


@dataclass(frozen=True)
class _Form:
    """The number format of a file: byte order, and whether it is a BigTIFF."""

    order: str
    big: bool

    @property
    def inline(self) -> int:
        """Number of bytes of an inline value and of an offset."""
        return 8 if self.big else 4

    def offsets(self, numbers: Sequence[int]) -> bytes:
        """Offsets or lengths as the values of a tag.

        Raises:
            AnalysisError: `image_unreadable` if one is too large: shared strips make the copy larger than the file.
        """
        try:
            return struct.pack(f"{self.order}{len(numbers)}{'Q' if self.big else 'I'}", *numbers)
        except struct.error as error:
            raise AnalysisError("image_unreadable", "tiff_overlap") from error

    def head(self) -> bytes:
        """The file's header, which the directory follows."""
        mark = b"II" if self.order == "<" else b"MM"
        return mark + struct.pack(f"{self.order}HHHQ" if self.big else f"{self.order}HI", *self._version())

    def _version(self) -> tuple[int, ...]:
        return (43, 8, 0, 16) if self.big else (42, 8)

    def directory(self, values: Sequence[_Value]) -> bytes:
        """A directory after the header, followed by the values that are not inline."""
        size = 2 * self.inline + 4
        start = len(self.head()) + (8 if self.big else 2) + size * len(values) + self.inline
        entries, places = b"", b""
        for value in sorted(values, key=lambda value: value.tag):
            content = value.content
            if len(content) > self.inline:
                content = self.offsets([start + len(places)])
                places += value.content + bytes(len(value.content) % 2)
            numbers = struct.pack(f"{self.order}HH{'Q' if self.big else 'I'}", value.tag, value.kind, value.count)
            entries += numbers + content.ljust(self.inline, b"\0")
        count = struct.pack(f"{self.order}{'Q' if self.big else 'H'}", len(values))
        return count + entries + bytes(self.inline) + places


def copy_without_metadata(stream: BinaryIO, sink: "Sink") -> None:
    """See `without_metadata`; thumbnails are left out."""
    layout = read_tiff(stream)
    stream.seek(2)
    form = _Form(layout.directory.order, big=43 in stream.read(2))
    size = stream.seek(0, 2)
    offsets, lengths = (_located(form, layout, tag) for tag in layout.located)
    whole = [offset + length <= size for offset, length in zip(offsets, lengths, strict=True)]
    held_bytes = sum(length for length, held in zip(lengths, whole, strict=True) if held)
    if held_bytes > 2 * size:
        raise AnalysisError("image_unreadable", "tiff_overlap")
    values = list(_values(layout.directory))
    kind = 16 if form.big else 4
    lengths_value = _Value(layout.located[1], kind, len(lengths), form.offsets(lengths))
    place, places = _end(form, values, layout, lengths_value), list[int]()
    missing = place + sum(length + length % 2 for length, held in zip(lengths, whole, strict=True) if held)
    for length, held in zip(lengths, whole, strict=True):
        places.append(place if held else missing)
        place += length + length % 2 if held else 0
    offsets_value = _Value(layout.located[0], kind, len(places), form.offsets(places))
    sink.write(form.head() + form.directory([*values, lengths_value, offsets_value]))
    for offset, length, held in zip(offsets, lengths, whole, strict=True):
        if held:
            _copy(stream, sink, offset, length, masked=layout.compression == JPEG)


def _located(form: _Form, layout: TiffLayout, tag: int) -> Sequence[int]:
    numbers = layout.directory.numbers(tag, limits.MAX_TIFF_SEGMENTS)[: layout.segments]
    if min(numbers) < 0 or max(numbers) >> (8 * form.inline):
        raise AnalysisError("image_unreadable", "tiff_tag", tag=tag)
    return numbers


def _end(form: _Form, values: Sequence[_Value], layout: TiffLayout, lengths: _Value) -> int:
    """The offset of the pixels: after the directory, whose size does not depend on their offsets."""
    offsets = _Value(layout.located[0], lengths.kind, lengths.count, lengths.content)
    return len(form.head()) + len(form.directory([*values, lengths, offsets]))


def _values(page: Directory) -> Iterator[_Value]:
    for tag in _KEPT:
        content = _content(page, tag)
        if content:
            entry = page.entries[tag]
            yield _Value(tag, entry.kind, entry.count, content)
    if scale := stated_scale(page):
        content = f"MPP = {scale}\0".encode()
        yield _Value(_DESCRIPTION, _TEXT, len(content), content)
    if profile := page.content(_PROFILE, limits.MAX_PROFILE_BYTES):
        profile = without_descriptions(profile)
        yield _Value(_PROFILE, _UNDEFINED, len(profile), profile)
    if tables := page.content(_TABLES, _MOST_TABLES):
        yield _Value(_TABLES, _UNDEFINED, len(tables), Masking().feed(tables))


def _content(page: Directory, tag: int) -> bytes:
    """The bytes of a tag's numbers; empty if it has too many, or the file ends first."""
    entry = page.entries.get(tag)
    if entry is None or entry.kind not in _SIZES or entry.count > _MOST_VALUES:
        return b""
    size, position = _SIZES[entry.kind] * entry.count, entry.position
    if position >= 1 << 62:
        return b""
    page.stream.seek(position)
    content = page.stream.read(size)
    return content if len(content) == size else b""


def _copy(stream: BinaryIO, sink: "Sink", offset: int, length: int, *, masked: bool) -> None:
    masking, left = Masking() if masked else None, length
    stream.seek(offset)
    while left > 0:
        piece = stream.read(min(left, _PIECE))
        left -= len(piece)
        sink.write(piece if masking is None else masking.feed(piece))
    sink.write(bytes(length % 2))
