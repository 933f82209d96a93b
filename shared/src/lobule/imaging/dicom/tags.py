"""Tolerant access to tags: an unusable value counts as absent, and is recorded for a notice.

Only the tags of the pixels' layout may decide whether a film is read, so nothing here raises.
"""

import re
import struct
from datetime import date
from typing import Any

from lobule.imaging.dicom.elements import Element, Elements
from lobule.imaging.dicom.vocabulary import REPRESENTATIONS, Tag

_BINARY = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d", "UV": "Q", "SV": "q", "OW": "H"}
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?$")
_MOST_VALUES = 64
_MOST_TEXT = 1024
_CODECS = {
    "ISO_IR 13": "shift_jis",
    "ISO_IR 100": "latin-1",
    "ISO_IR 101": "iso8859_2",
    "ISO_IR 109": "iso8859_3",
    "ISO_IR 110": "iso8859_4",
    "ISO_IR 126": "iso8859_7",
    "ISO_IR 127": "iso8859_6",
    "ISO_IR 138": "iso8859_8",
    "ISO_IR 144": "iso8859_5",
    "ISO_IR 148": "iso8859_9",
    "ISO_IR 166": "iso8859_11",
    "ISO_IR 192": "utf-8",
    "ISO_IR 203": "iso8859_15",
    "GB18030": "gb18030",
    "GBK": "gbk",
    "ISO 2022 IR 58": "gb2312",
    "ISO 2022 IR 87": "iso2022_jp_2",
    "ISO 2022 IR 149": "euc_kr",
    "ISO 2022 IR 159": "iso2022_jp_2",
}
_ESCAPES = re.compile(rb"\x1b(?:\$[()]?.|[(-/].)")


class Tags:
    """The tags of a data set or of an item of a sequence.

    Args:
        elements: Parsed elements.
        little: Whether binary numbers are little endian.
        codecs: Text codecs, the most likely first.
        unusable: Collects the tags that could not be used.
    """

    def __init__(
        self,
        elements: Elements,
        *,
        little: bool = True,
        codecs: tuple[str, ...] | None = None,
        unusable: set[Tag] | None = None,
    ) -> None:
        self._elements = elements
        self._order = "<" if little else ">"
        self.unusable: set[Tag] = set() if unusable is None else unusable
        self.unusual: set[Tag] = set()  # usable numbers with a decimal comma
        self._codecs = codecs if codecs is not None else self._named_codecs()

    @property
    def elements(self) -> Elements:
        """The elements as parsed."""
        return self._elements

    @property
    def word(self) -> str:
        """NumPy's name of an unsigned 16-bit word of this data set."""
        return f"{self._order}u2"

    def has(self, tag: Tag) -> bool:
        """Whether the tag is present and not empty."""
        found = self._elements.get(tag)
        return found is not None and bool(found.value)

    def texts(self, tag: Tag) -> list[str]:
        """The values of a text without padding; empty values in the middle become empty strings."""
        found = self._elements.get(tag)
        if found is None:
            return []
        if isinstance(found.value, list) or found.representation in _BINARY:
            return self._cannot_use(tag, [])
        words = self._decoded(found.value[:_MOST_TEXT]).replace("\0", " ")
        values = ["".join(c for c in part if c.isprintable()).strip() for part in words.split("\\")[:_MOST_VALUES]]
        return values if any(values) else []

    def text(self, tag: Tag) -> str | None:
        """The first value of a text; None if it is empty."""
        return next(iter(self.texts(tag)), "") or None

    def code(self, tag: Tag) -> str:
        """A code string in capitals; empty if there is none."""
        return (self.text(tag) or "").upper()

    def numbers(self, tag: Tag) -> list[float]:
        """All values of a number, with a decimal point or comma; empty if one of them is not a finite number."""
        found = self._elements.get(tag)
        if found is None or not found.value:
            return []
        values = self._binary_numbers(tag, found) if _is_binary(tag, found) else self._text_numbers(tag)
        return values if values is not None else self._cannot_use(tag, [])

    def number(self, tag: Tag) -> float | None:
        """The first value of a number."""
        return next(iter(self.numbers(tag)), None)

    def integer(self, tag: Tag) -> int | None:
        """The first value of a whole number."""
        value = self.number(tag)
        return None if value is None else round(value)

    def binary(self, tag: Tag) -> bytes:
        """The bytes of a value; empty if there are none."""
        found = self._elements.get(tag)
        if found is None:
            return b""
        return found.value if isinstance(found.value, bytes) else self._cannot_use(tag, b"")

    def day(self, tag: Tag) -> date | None:
        """A date in the form `20260131` or the retired form `2026.01.31`."""
        text = self.text(tag)
        if text is None:
            return None
        try:
            return date.fromisoformat(text[:10].replace(".", "-") if "." in text else text[:8])
        except ValueError:
            return self._cannot_use(tag, None)

    def items(self, tag: Tag) -> list["Tags"]:
        """The items of a sequence."""
        found = self._elements.get(tag)
        if found is None or not found.value:
            return []
        if isinstance(found.value, bytes):
            return self._cannot_use(tag, [])
        little = self._order == "<"
        return [Tags(item, little=little, codecs=self._codecs, unusable=self.unusable) for item in found.value]

    def _cannot_use(self, tag: Tag, instead: Any) -> Any:
        self.unusable.add(tag)
        return instead

    def _binary_numbers(self, tag: Tag, found: Element) -> list[float] | None:
        if isinstance(found.value, list):
            return None
        given = found.representation
        layout = _BINARY.get(given) or _BINARY.get(REPRESENTATIONS.get(tag, ""), "H")
        size = struct.calcsize(layout)
        count = min(len(found.value) // size, _MOST_VALUES)
        values = [float(v) for v in struct.unpack(f"{self._order}{count}{layout}", found.value[: count * size])]
        return values if values and all(abs(v) < float("inf") for v in values) else None

    def _text_numbers(self, tag: Tag) -> list[float] | None:
        values = [text for text in self.texts(tag) if text]
        if not all(_NUMBER.match(value) for value in values):
            return None
        if any("," in value for value in values):
            self.unusual.add(tag)
        numbers = [float(value.replace(",", ".")) for value in values]
        return numbers if all(abs(v) < float("inf") for v in numbers) else None

    def _decoded(self, content: bytes) -> str:
        for codec in self._codecs:
            try:
                plain = content if codec == "iso2022_jp_2" else _ESCAPES.sub(b"", content)
                return plain.decode(codec)
            except UnicodeDecodeError:
                continue
        return content.decode("latin-1")

    def _named_codecs(self) -> tuple[str, ...]:
        self._codecs = ("ascii",)
        names = self.texts(Tag.CHARACTER_SET)
        codecs = [_CODECS.get(name) or _CODECS.get(name.replace("ISO 2022 IR", "ISO_IR")) for name in names]
        return (*dict.fromkeys(codec for codec in reversed(codecs) if codec), "utf-8", "gb18030")


def _is_binary(tag: Tag, found: Element) -> bool:
    if found.representation == "UN":
        return REPRESENTATIONS.get(tag) in _BINARY
    return found.representation in _BINARY
