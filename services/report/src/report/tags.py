"""Where the tags of findings stand on a picture: inside it, beside their finding, and none over another."""

from collections.abc import Iterator
from typing import NamedTuple

_GAP = 2  # pixels between a finding and its tag
_STEPS = 6  # how many heights of a tag it may be moved up or down


class Place(NamedTuple):
    """A rectangle on a picture, in pixels; the right and lower edges belong to it."""

    left: int
    top: int
    right: int
    bottom: int

    def shared_with(self, other: "Place") -> int:
        """The area that two rectangles have in common, in pixels."""
        width = min(self.right, other.right) - max(self.left, other.left) + 1
        height = min(self.bottom, other.bottom) - max(self.top, other.top) + 1
        return max(0, width) * max(0, height)


class TagPlaces:
    """The places of the tags on one picture, taken one after the other.

    Attributes:
        taken: The places so far.
    """

    def __init__(self, width: int, height: int) -> None:
        self.taken: list[Place] = []
        self._width, self._height = width, height

    def take(self, finding: Place, width: int, height: int) -> Place:
        """Take the first free place for the tag of a finding, or the one that covers least of others.

        Args:
            finding: Box of the finding.
            width: Width of the tag.
            height: Height of the tag.
        """
        best, least = None, 0
        for place in self._candidates(finding, width, height):
            covered = sum(place.shared_with(other) for other in self.taken)
            if best is None or covered < least:
                best, least = place, covered
            if not covered:
                break
        assert best is not None, "there is always a place below the finding"
        self.taken.append(best)
        return best

    def _candidates(self, finding: Place, width: int, height: int) -> Iterator[Place]:
        """Places near a finding, the best first: above, below, beside it, then further up and down."""
        above, below = finding.top - height - _GAP, finding.bottom + _GAP + 1
        if above >= 0:
            yield self._inside(finding.left, above, width, height)
        yield self._inside(finding.left, below, width, height)
        for left in (finding.right + _GAP + 1, finding.left - width - _GAP):
            yield self._inside(left, finding.top, width, height)
        for step in range(1, _STEPS + 1):
            for left in (finding.left, finding.right - width):
                yield self._inside(left, above - step * (height + 1), width, height)
                yield self._inside(left, below + step * (height + 1), width, height)

    def _inside(self, left: int, top: int, width: int, height: int) -> Place:
        left = min(max(0, left), max(0, self._width - width - 1))
        top = min(max(0, top), max(0, self._height - height - 1))
        return Place(left, top, left + width, top + height)


def leader(finding: Place, tag: Place) -> tuple[int, int, int, int] | None:
    """The line from a tag to its finding, as x, y, x, y; None if the tag is beside the finding."""
    across = max(finding.left - tag.right, tag.left - finding.right, 0)
    down = max(finding.top - tag.bottom, tag.top - finding.bottom, 0)
    if max(across, down) <= _GAP + 2:
        return None

    def nearest(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
        if one[1] < other[0]:
            return one[1], other[0]
        if other[1] < one[0]:
            return one[0], other[1]
        middle = (max(one[0], other[0]) + min(one[1], other[1])) // 2
        return middle, middle

    x, to_x = nearest((tag.left, tag.right), (finding.left, finding.right))
    y, to_y = nearest((tag.top, tag.bottom), (finding.top, finding.bottom))
    return x, y, to_x, to_y
