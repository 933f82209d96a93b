"""Which part of each film a case's report shows: the breast with all findings, hung films on one scale.

Lengths are pixels of the film as it hangs, which are square. A window may reach beyond the film.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lobule.contracts.result import Box, Result
from report.hanging import hang_box
from report.reader import ReaderRow, as_shape


@dataclass(frozen=True)
class Window:
    """A part of a film.

    Attributes:
        box: The part.
        breast: The part of it to which enlarged findings keep.
        per_pixel: Pixels of its picture for a pixel of the film; the larger, the finer.
    """

    box: Box
    breast: Box
    per_pixel: float


def window_of(result: Result, readers: Sequence[ReaderRow] = ()) -> Window | None:
    """The breast of a film with everything that was found on it; None if it is shown whole."""
    if result.breast is None:
        return None
    part = _part_of(result, readers)
    return Window(part, part, result.display.width / result.image.width)


def hung_windows(films: Sequence[tuple[Result, Sequence[ReaderRow]]]) -> list[Window]:
    """Windows of films that hang together: of one shape, the chest wall at the side of a window.

    They are as large as the largest breast needs: in mm for films of known spacing, in the plane that most of them
    have, so that sizes can be compared. Any other film is shown as large as fits, as in the portal, unless no spacing
    is known: then a pixel is as large on all. A film on which the breast is not known is shown whole, smaller if need
    be.

    Args:
        films: The films with the findings that readers drew on them.
    """
    parts = [_part_of(result, readers) for result, readers in films]
    planes = Counter(result.image.spacing_plane for result, _ in films if _mm_per_pixel(result))
    usual = planes.most_common(1)[0][0] if planes else None
    units = [_mm_per_pixel(result) if result.image.spacing_plane == usual else None for result, _ in films]
    if not any(units):
        units = [1.0] * len(films)
    known = [(part, unit, result.breast) for part, unit, (result, _) in zip(parts, units, films, strict=True) if unit]
    deciding = [(part, unit) for part, unit, breast in known if breast] or [(part, unit) for part, unit, _ in known]
    width = max((part.width * unit for part, unit in deciding), default=0.0)
    height = max((part.height * unit for part, unit in deciding), default=0.0)
    fitted = [_fitted(part, unit, width, height) for part, unit in zip(parts, units, strict=True)]
    finest = max(
        (result.display.width / result.image.width / unit for (result, _), unit in zip(films, fitted, strict=True)),
        default=1.0,
    )
    return [
        Window(_around(part, width / unit, height / unit, result.image.laterality), part, finest * unit)
        for part, unit, (result, _) in zip(parts, fitted, films, strict=True)
    ]


def _fitted(part: Box, unit: float | None, width: float, height: float) -> float:
    """The length of a film's pixel at which its part is at most as large as a window."""
    most = min(width / part.width, height / part.height)
    return most if unit is None else min(unit, most)


def _part_of(result: Result, readers: Sequence[ReaderRow]) -> Box:
    """The breast with all findings, as the film hangs; the whole film where the breast is not known."""
    image = result.image
    boxes = [result.breast.box if result.breast else Box(x=0, y=0, width=image.width, height=image.height)]
    boxes += [finding.box for finding in result.findings] + [as_shape(row.finding).box for row in readers]
    hung = [hang_box(box, image) for box in boxes]
    left, top = min(box.x for box in hung), min(box.y for box in hung)
    right, bottom = max(box.x + box.width for box in hung), max(box.y + box.height for box in hung)
    return Box(x=left, y=top, width=right - left, height=bottom - top)


def _mm_per_pixel(result: Result) -> float | None:
    return min(result.image.pixel_spacing_mm) if result.image.pixel_spacing_mm else None


def _around(part: Box, width: float, height: float, side: str | None) -> Box:
    """A larger box about a part, which lies at its right for a right breast and at its left for a left one."""
    spare = {"R": width - part.width, "L": 0.0}.get(side or "", (width - part.width) / 2)
    return Box(x=part.x - spare, y=part.y - (height - part.height) / 2, width=width, height=height)
