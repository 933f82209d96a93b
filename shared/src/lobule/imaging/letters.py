"""Groups letters into lines of text by their rectangles."""

from typing import NamedTuple

import numpy as np

_LETTERS = 4
_HEIGHTS = (6, 90)  # limits of a letter's height, in pixels
_WIDTH = 1.1  # in heights of a letter; a wider region counts as several letters
_GAP, _OVERLAP, _ALIKE = 1.6, 0.5, 0.5  # of the height
_STRAIGHT = 0.22  # in heights: largest distance of the letters' middles from a line
_SLOPE = 0.1
_MARGIN = 0.35  # of the height, around a line


class Box(NamedTuple):
    """A rectangle in pixels."""

    left: float
    top: float
    width: float
    height: float

    @property
    def turned(self) -> "Box":
        """With rows and columns exchanged."""
        return Box(self.top, self.left, self.height, self.width)


def lines_of(letters: list[Box]) -> list[Box]:
    """The rectangles of horizontal lines, with a margin.

    Args:
        letters: Candidate letters in any order, possibly with other regions.
    """
    known = sorted(each for each in letters if _HEIGHTS[0] <= each.height <= _HEIGHTS[1])
    groups: list[list[Box]] = []
    place: dict[int, list[Box]] = {}
    for index, letter in enumerate(known):
        group = place.setdefault(index, [letter])
        if group[0] is letter and len(group) == 1:
            groups.append(group)
        for second in range(index + 1, len(known)):
            other = known[second]
            if other.left - letter.left - letter.width > _GAP * _HEIGHTS[1]:
                break
            if second not in place and _is_next(letter, other):
                group.append(other)
                place[second] = group
    return [_around(group) for group in groups if _is_text(group)]


def _is_next(letter: Box, other: Box) -> bool:
    """Whether a letter can be to the right of another one on the same line."""
    shorter, taller = sorted((letter.height, other.height))
    shared = min(letter.top + letter.height, other.top + other.height) - max(letter.top, other.top)
    apart = other.left - letter.left - letter.width
    return shorter >= _ALIKE * taller and shared >= _OVERLAP * shorter and -0.3 * taller <= apart <= _GAP * taller


def _is_text(group: list[Box]) -> bool:
    height = float(np.median([each.height for each in group]))
    letters = sum(max(1.0, each.width / (_WIDTH * height)) for each in group)
    if len(group) < 2 or letters < _LETTERS:
        return False
    middles = np.array([each.top + each.height / 2 for each in group])
    across = np.array([each.left + each.width / 2 for each in group])
    slope, start = np.polyfit(across, middles, 1)
    return bool(np.std(middles - slope * across - start) <= _STRAIGHT * height and abs(slope) < _SLOPE)


def _around(group: list[Box]) -> Box:
    left, top = min(each.left for each in group), min(each.top for each in group)
    right, bottom = max(each.left + each.width for each in group), max(each.top + each.height for each in group)
    margin = _MARGIN * (bottom - top)
    return Box(left - margin, top - margin, right - left + 2 * margin, bottom - top + 2 * margin)
