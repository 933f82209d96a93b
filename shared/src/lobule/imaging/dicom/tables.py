"""Lookup tables of a DICOM file: palette, modality and VOI (DICOM PS3.3, C.11.1 and C.11.2)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lobule.contracts.result import Notice
from lobule.imaging.dicom.tags import Tags
from lobule.imaging.dicom.vocabulary import Tag
from lobule.words import make_notice


@dataclass(frozen=True)
class LookupTable:
    """A table from stored values to others.

    Attributes:
        entries: uint8 or uint16, one for each input from `first` on.
        first: The input of the first entry; inputs outside the table get its first or last entry.
        bits: Bits of an entry.
        name: Explanation in the file.
    """

    entries: NDArray[Any]
    first: int
    bits: int
    name: str | None = None

    def applied(self, values: NDArray[Any], base: int) -> NDArray[Any]:
        """Look values up.

        Args:
            values: uint8 or uint16.
            base: The input that the value 0 stands for.
        """
        inputs = np.arange(int(np.iinfo(values.dtype).max) + 1) + base - self.first
        return self.entries[np.clip(inputs, 0, len(self.entries) - 1)][values]


def modality_table(tags: Tags, signed: bool, notices: list[Notice]) -> LookupTable | None:
    """The modality LUT, if the file has a usable one."""
    items = tags.items(Tag.MODALITY_LUT)
    found = table_of(items[0], Tag.LUT_DESCRIPTOR, Tag.LUT_DATA, signed) if items else None
    if found is None and (items or Tag.MODALITY_LUT in tags.unusable):
        notices.append(make_notice("rescale_unusable"))
    return found


def voi_tables(tags: Tags, signed: bool) -> tuple[list[LookupTable], bool]:
    """The usable VOI LUTs, and whether there are unusable ones."""
    items = tags.items(Tag.VOI_LUT)
    found = [table_of(item, Tag.LUT_DESCRIPTOR, Tag.LUT_DATA, signed) for item in items]
    usable = [table for table in found if table is not None]
    return usable, len(usable) < len(items) or Tag.VOI_LUT in tags.unusable


def palette(tags: Tags, notices: list[Notice]) -> tuple[LookupTable | None, float]:
    """The grey values of a palette, and its colourfulness, which is 0 if its three tables are equal."""
    colours = [
        table_of(tags, Tag.RED_DESCRIPTOR, Tag.RED_DATA, signed=False),
        table_of(tags, Tag.GREEN_DESCRIPTOR, Tag.GREEN_DATA, signed=False),
        table_of(tags, Tag.BLUE_DESCRIPTOR, Tag.BLUE_DATA, signed=False),
    ]
    usable = [table for table in colours if table is not None]
    if len(usable) < 3 or len({(len(table.entries), table.first) for table in usable}) > 1:
        notices.append(make_notice("palette_unusable"))
        return None, 0.0
    stack = np.stack([table.entries.astype(np.int32) for table in usable])
    bits = max(table.bits for table in usable)
    spread = float((stack.max(axis=0) - stack.min(axis=0)).mean()) / ((1 << bits) - 1)
    entries = (stack.sum(axis=0) // 3).astype(np.uint8 if bits <= 8 else np.uint16)
    return LookupTable(entries, usable[0].first, bits), spread


def table_of(tags: Tags, descriptor: Tag, data: Tag, signed: bool) -> LookupTable | None:
    """A lookup table, or None if it is unusable."""
    numbers = [round(value) for value in tags.numbers(descriptor)]
    if len(numbers) < 3:
        return None
    count, first, bits = numbers[:3]
    count = (count & 0xFFFF) or 65536
    first = first - 65536 if first > 32767 and signed else first
    content = tags.binary(data)
    if count < 2 or not 8 <= bits <= 16 or len(content) < count:
        return None
    words = len(content) >= 2 * count
    entries = np.frombuffer(content, tags.word if words else np.uint8, count).astype(np.uint16)
    if bits <= 8 and int(entries.max()) <= 255:
        entries = entries.astype(np.uint8)
    bits = max(bits, int(entries.max()).bit_length())
    return LookupTable(entries, first, bits, tags.text(Tag.LUT_EXPLANATION))
