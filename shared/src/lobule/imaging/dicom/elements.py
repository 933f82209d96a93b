"""Parses the elements of a data set before its pixels, forwards and within limits (DICOM PS3.5, section 7).

Only the tags of `vocabulary` are kept. This module decodes no values, and no file can make it read or hold more than
the limits below.
"""

import struct
from typing import NamedTuple

from lobule import limits
from lobule.imaging.dicom.source import Source, TooMuchError
from lobule.imaging.dicom.vocabulary import REPRESENTATIONS, Tag

UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_LONG = {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
_SHORT = {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL"}
_SHORT |= {b"SS", b"ST", b"TM", b"UI", b"UL", b"US"}
KNOWN = _LONG | _SHORT
_FRAGMENTED = {"OB", "OW", "OF", "OD", "OL", "OV"}

Elements = dict[int, "Element"]


def is_explicit(start: bytes) -> bool:
    """Whether elements with this start use explicit value representations."""
    return start[4:6] in KNOWN


def takes_long_length(representation: str) -> bool:
    """Whether values of this representation have a 32-bit length in explicit encoding."""
    return representation.encode() in _LONG or representation.encode() not in _SHORT


class Element(NamedTuple):
    """An element as stored: its value representation, and its bytes or the items of a sequence."""

    representation: str
    value: bytes | list[Elements]


class PixelElement(NamedTuple):
    """The pixel element: the source is positioned at the first byte of its value."""

    tag: int
    representation: str
    length: int


class Parser:
    """Parses one file; the limits apply to the whole file.

    Args:
        source: Positioned at the first element.
        little: Whether numbers are little endian.

    Attributes:
        elements: The elements so far, even if parsing ends with an error.
        pixels: The pixel element, after it was reached.
    """

    def __init__(self, source: Source, *, little: bool = True) -> None:
        self.source = source
        self.little = little
        self.elements: Elements = {}
        self.pixels: PixelElement | None = None
        self._order = "<" if little else ">"
        self._counted = self._items = self._kept = 0

    def meta(self) -> Elements:
        """Parse the file meta information, group 0002, which is always explicit and little endian."""
        found: Elements = {}
        while self.source.peek(2) == b"\x02\x00":
            self._element(found, explicit=True, depth=0)
        return found

    def data_set(self) -> None:
        """Parse up to the pixels or the end of the file.

        Raises:
            EndOfFileError: The file ends within an element.
            TooMuchError: The file exceeds a limit on elements, items, levels or bytes.
        """
        explicit = is_explicit(self.source.peek(6))
        while self.pixels is None and len(self.source.peek(8)) == 8:
            if not self._element(self.elements, explicit=explicit, depth=0):
                return

    def _numbers(self, layout: str, content: bytes) -> tuple[int, ...]:
        return struct.unpack(self._order + layout, content)

    def _tag(self, content: bytes) -> int:
        group, element = self._numbers("HH", content[:4])
        return group << 16 | element

    def _head(self, explicit: bool) -> tuple[int, str, int]:
        self._counted += 1
        if self._counted > limits.MAX_DICOM_ELEMENTS:
            raise TooMuchError
        head = self.source.read(8)
        tag, letters = self._tag(head), head[4:6]
        usual = REPRESENTATIONS.get(tag, "UN")
        if not explicit or tag >> 16 == 0xFFFE or not (letters.isalpha() and letters.isupper()):
            return tag, usual, self._numbers("I", head[4:])[0]
        if letters in _LONG or (letters not in _SHORT and head[6:] == b"\0\0"):
            return tag, letters.decode(), self._numbers("I", self.source.read(4))[0]
        return tag, letters.decode(), self._numbers("H", head[6:])[0]

    def _element(self, into: Elements, *, explicit: bool, depth: int) -> bool:
        """Parse one element; False if the data set ends before it."""
        tag, representation, length = self._head(explicit)
        if tag in (ITEM_END, SEQUENCE_END):
            return depth == 0  # a stray delimiter between elements is skipped
        if depth == 0 and tag in (Tag.PIXELS, Tag.FLOAT_PIXELS, Tag.DOUBLE_PIXELS):
            self.pixels = PixelElement(tag, representation, length)
            return False
        if depth == 0 and tag >> 16 > 0x7FE0:
            return False
        wanted = tag in REPRESENTATIONS
        sequence = representation == "SQ" or (REPRESENTATIONS.get(tag) == "SQ" and self.source.peek(4) == self._item())
        if sequence or length == UNDEFINED:
            raw = representation in _FRAGMENTED and not wanted
            items = self._sequence(length, explicit, depth + 1, raw=raw, keep=wanted)
            if wanted:
                into[tag] = Element("SQ", items)
        elif wanted and length <= limits.MAX_DICOM_VALUE:
            self._kept += length
            if self._kept > limits.MAX_DICOM_KEPT:
                raise TooMuchError
            into[tag] = Element(representation, self.source.read(length))
        else:
            self.source.skip(length)
        return True

    def _item(self) -> bytes:
        return struct.pack(self._order + "HH", ITEM >> 16, ITEM & 0xFFFF)

    def _sequence(self, length: int, explicit: bool, depth: int, *, raw: bool, keep: bool) -> list[Elements]:
        if depth > limits.MAX_DICOM_DEPTH:
            raise TooMuchError
        if not keep and length != UNDEFINED:
            self.source.skip(length)
            return []
        items: list[Elements] = []
        end = None if length == UNDEFINED else self.source.position + length
        while end is None or self.source.position + 8 <= end:
            tag, _, size = self._head(explicit=False)
            if tag == SEQUENCE_END:
                break
            self._items += 1
            if self._items > limits.MAX_DICOM_ITEMS:
                raise TooMuchError
            if tag != ITEM or (raw and size != UNDEFINED):
                self.source.skip(size if size != UNDEFINED else 0)
                continue
            item = self._data_set_of_item(size, explicit, depth)
            if keep:
                items.append(item)
        return items

    def _data_set_of_item(self, size: int, explicit: bool, depth: int) -> Elements:
        found: Elements = {}
        end = None if size == UNDEFINED else self.source.position + size
        if end is None or end - self.source.position >= 8:
            # An element of unknown representation may differ from its data set.
            explicit = is_explicit(self.source.peek(6))
        while end is None or self.source.position + 8 <= end:
            if not self._element(found, explicit=explicit, depth=depth):
                break
        if end is not None and self.source.position < end:
            self.source.skip(end - self.source.position)
        return found
