"""The display windows that a file specifies: its windows and VOI lookup tables (DICOM PS3.3, C.11.2)."""

import math

import numpy as np

from lobule.contracts.result import Notice
from lobule.imaging.dicom.measure import Measured
from lobule.imaging.dicom.tables import LookupTable, voi_tables
from lobule.imaging.dicom.tags import Tags
from lobule.imaging.dicom.vocabulary import Tag
from lobule.imaging.film import Window
from lobule.words import make_notice

MOST_WINDOWS = 16
_RISE = (0.02, 0.98)  # shares of a table's output that count as black and white
_FUNCTIONS = ("", "LINEAR", "LINEAR_EXACT", "SIGMOID")


def windows_of(tags: Tags, measured: Measured, *, signed: bool, notices: list[Notice]) -> tuple[Window, ...]:
    """The windows of a file in values of `measured.pixels`; a lookup table becomes the window over which it rises.

    A sigmoid becomes the line that is tangent to it at its centre.

    Args:
        tags: Tags of the file.
        measured: Its measured pixels.
        signed: Whether stored samples are two's complement.
        notices: List for a notice if the file has an unusable window or none.
    """
    given, unusable = _windows(tags)
    tables, other = voi_tables(tags, signed)
    of_tables = [window for table in tables if (window := _window_of_table(table)) is not None]
    given += of_tables
    named = tags.has(Tag.WINDOW_CENTER) or tags.has(Tag.VOI_LUT)
    least, greatest = int(measured.pixels.min()), int(measured.pixels.max())
    usable: list[Window] = []
    for low, high, name in given:
        ends = sorted(((low - measured.offset) / measured.step, (high - measured.offset) / measured.step))
        if all(math.isfinite(end) for end in ends) and ends[0] < greatest and ends[1] > least and ends[0] < ends[1]:
            usable.append(Window(ends[0], ends[1], name))
        else:
            unusable = True
    if unusable or other or len(of_tables) < len(tables):
        notices.append(make_notice("window_unusable"))
    if not usable and not named:
        notices.append(make_notice("no_window"))
    return tuple(usable[:MOST_WINDOWS])


def _windows(tags: Tags) -> tuple[list[tuple[float, float, str | None]], bool]:
    """(black, white, name) in the file's units, and whether there are unusable windows."""
    centres, widths = tags.numbers(Tag.WINDOW_CENTER), tags.numbers(Tag.WINDOW_WIDTH)
    names = tags.texts(Tag.WINDOW_EXPLANATION)
    function = tags.code(Tag.VOI_FUNCTION)
    unusable = len(centres) != len(widths) or function not in _FUNCTIONS
    unusable |= bool({Tag.WINDOW_CENTER, Tag.WINDOW_WIDTH, Tag.VOI_FUNCTION} & tags.unusable)
    found: list[tuple[float, float, str | None]] = []
    for index, (centre, width) in enumerate(zip(centres, widths, strict=False)):
        if width <= 0:
            unusable = True
            continue
        name = names[index] if index < len(names) and names[index] else None
        if function in ("LINEAR_EXACT", "SIGMOID") or width <= 1:
            found.append((centre - width / 2, centre + width / 2, name))
        else:
            found.append((centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2, name))
    return found, unusable


def _window_of_table(table: LookupTable) -> tuple[float, float, str | None] | None:
    entries = table.entries.astype(np.int64)
    span = int(entries[-1] - entries[0])
    if span <= 0:  # black over white, or flat
        return None
    share = (entries - entries[0]) / span
    low, high = int(np.argmax(share > _RISE[0])), int(np.argmax(share >= _RISE[1]))
    if high <= low:
        return None
    return float(table.first + max(0, low - 1)), float(table.first + high), table.name
