"""Reads directories of TIFF files (Adobe, TIFF 6.0; BigTIFF) tag by tag, and no further than requested."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal

from lobule import limits
from lobule.errors import AnalysisError
from lobule.imaging.picture_header import read_exactly, seek

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

_TEXT, _RATIO = 2, 5
_INTEGERS = {1: "B", 3: "H", 4: "I", 6: "b", 7: "B", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_SIZES = {kind: struct.calcsize(f"={form}") for kind, form in _INTEGERS.items()} | {_TEXT: 1, _RATIO: 8}


@dataclass(frozen=True)
class Entry:
    """A tag: the type, number and position of its values."""

    kind: int
    count: int
    position: int


@dataclass(frozen=True)
class Directory:
    """The tags of one page.

    Attributes:
        stream: The file.
        order: `<` or `>`, as in `struct`.
        entries: Entries by tag.
    """

    stream: BinaryIO
    order: Literal["<", ">"]
    entries: dict[int, Entry]

    def count(self, tag: int) -> int:
        """The number of a tag's values; 0 if the tag is missing."""
        return self.entries[tag].count if tag in self.entries else 0

    def numbers(self, tag: int, most: int) -> tuple[int, ...]:
        """A tag's integers; empty if the tag is missing.

        Raises:
            AnalysisError: `image_unreadable` if there are more than `most`, they are not integers, or the file ends
                first.
        """
        entry = self.entries.get(tag)
        if entry is None:
            return ()
        if entry.kind not in _INTEGERS or entry.count > most:
            raise AnalysisError("image_unreadable", "tiff_tag", tag=tag)
        form = f"{self.order}{entry.count}{_INTEGERS[entry.kind]}"
        seek(self.stream, entry.position, "TIFF")
        return struct.unpack(form, read_exactly(self.stream, struct.calcsize(form), "TIFF"))

    def number(self, tag: int, default: int) -> int:
        """A tag's first integer."""
        values = self.numbers(tag, 16)
        return values[0] if values else default

    def content(self, tag: int, most: int) -> bytes:
        """A tag's bytes; empty if the tag is missing, of another type or longer than `most`, or the file ends first."""
        entry = self.entries.get(tag)
        if entry is None or entry.kind not in (1, 7) or entry.count > most:
            return b""
        seek(self.stream, entry.position, "TIFF")
        data = self.stream.read(entry.count)
        return data if len(data) == entry.count else b""

    def ratio(self, tag: int) -> float | None:
        """A tag's first fraction; None if the tag is missing, is not a fraction, or the file ends first."""
        entry = self.entries.get(tag)
        if entry is None or entry.kind != _RATIO:
            return None
        seek(self.stream, entry.position, "TIFF")
        data = self.stream.read(8)
        if len(data) < 8:
            return None
        numerator, denominator = struct.unpack(f"{self.order}II", data)
        return numerator / denominator if denominator else None

    def text(self, tag: int, most: int) -> str:
        """The first characters of a tag's text; empty if the tag is missing or is not text."""
        entry = self.entries.get(tag)
        if entry is None or entry.kind != _TEXT:
            return ""
        seek(self.stream, entry.position, "TIFF")
        return self.stream.read(min(entry.count, most)).decode("latin-1")


def directories(stream: BinaryIO) -> Iterator[Directory]:
    """Yield a TIFF's chain of directories, each once.

    Args:
        stream: Seekable stream at the file's start.

    Raises:
        AnalysisError: `image_unreadable` if a directory is damaged, or there are too many.
    """
    head = read_exactly(stream, 8, "TIFF")
    if head[:4] not in SIGNATURES:
        raise AnalysisError("image_unreadable", "tiff_signature")
    order: Literal["<", ">"] = "<" if head[:2] == b"II" else ">"
    big = 43 in head[2:4]
    start = _offset(stream, order, big) if big else struct.unpack(f"{order}I", head[4:])[0]
    seen: set[int] = set()
    while start and start not in seen:
        if len(seen) >= limits.MAX_TIFF_DIRECTORIES:
            raise AnalysisError("image_unreadable", "tiff_directories", most=limits.MAX_TIFF_DIRECTORIES)
        seen.add(start)
        directory, following = _directory(stream, start, order, big)
        yield directory
        stream.seek(following)
        start = _offset(stream, order, big, last=True)


def _directory(stream: BinaryIO, start: int, order: Literal["<", ">"], big: bool) -> tuple[Directory, int]:
    """A directory, and the position of the next one's offset."""
    head, form, inline = (8, "HHQ", 8) if big else (2, "HHI", 4)
    size = struct.calcsize(f"{order}{form}") + inline
    seek(stream, start, "TIFF")
    count = struct.unpack(f"{order}{'Q' if big else 'H'}", read_exactly(stream, head, "TIFF"))[0]
    if not 0 < count <= limits.MAX_TIFF_ENTRIES:
        raise AnalysisError("image_unreadable", "tiff_directory_tags", tags=count)
    data = read_exactly(stream, count * size, "TIFF")
    entries: dict[int, Entry] = {}
    for index in range(count):
        tag, kind, number = struct.unpack_from(f"{order}{form}", data, index * size)
        if tag in entries:
            continue  # the first one is used, as in libtiff
        position = start + head + (index + 1) * size - inline
        if _SIZES.get(kind, 0) * number > inline:
            position = struct.unpack_from(f"{order}{'Q' if big else 'I'}", data, (index + 1) * size - inline)[0]
        entries[tag] = Entry(kind, number, position)
    return Directory(stream, order, entries), start + head + count * size


def _offset(stream: BinaryIO, order: str, big: bool, last: bool = False) -> int:
    """An offset; a chain that is cut off at its last offset ends there."""
    size = 8 if big else 4
    data = stream.read(size)
    if last and len(data) < size:
        return 0
    if len(data) < size:
        raise AnalysisError("image_unreadable", "header_ends", format="TIFF")
    return struct.unpack(f"{order}{'Q' if big else 'I'}", data)[0]
