"""Limits on what readers draw: reports draw every line several times, and answers about a case hold every point."""

from collections.abc import Iterable

from gateway.errors import ProblemError
from gateway.images.models import Image
from gateway.reader_findings.models import DrawnFinding
from gateway.reader_findings.schemas import ReaderFindingWrite

_LONGEST = 10
"""Times the sides of an image together: an outline. A scrawl of 2000 lines across takes a report several seconds."""
MOST_POINTS = 40_000
"""Of the outlines that a reader draws in a case: a hundred, each of as many points as the portal draws."""


def check_place(drawn: ReaderFindingWrite, image: Image) -> None:
    """Refuse what does not lie on an image, or goes around on it many times.

    Raises:
        ProblemError: `invalid_request`, 422.
    """
    left, top, right, bottom = drawn.extent
    if not (0 <= left < right <= image.width and 0 <= top < bottom <= image.height):
        values = {"width": image.width, "height": image.height}
        raise ProblemError(422, "invalid_request", "outside_image", values=values)
    if drawn.length > _LONGEST * (image.width + image.height):
        raise ProblemError(422, "invalid_request", "outline_too_long")


def check_room(drawn: ReaderFindingWrite, others: Iterable[DrawnFinding]) -> None:
    """Refuse an outline with which a reader's outlines in a case would have too many points.

    Args:
        drawn: What is drawn or changed.
        others: What the reader drew otherwise.

    Raises:
        ProblemError: `invalid_request`, 422.
    """
    points = sum(len(each.outline or ()) for each in others)
    if drawn.outline is not None and points + len(drawn.outline) > MOST_POINTS:
        raise ProblemError(422, "invalid_request", "too_many_points", values={"most": MOST_POINTS})
