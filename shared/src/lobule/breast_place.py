"""The place of a point in a breast: outer or inner, upper or lower, quadrant, clock face, depth.

A craniocaudal film distinguishes outer from inner, a mediolateral oblique one upper from lower. The vertical axis of
the oblique film is not the patient's: a far lateral lesion appears higher than it is. With both views, the patient's
vertical position is computed from the two (Sickles, "Practical solutions to common mammographic problems", AJR 151,
1988: lateral lesions move down from the oblique to the lateral view, medial ones up).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from lobule.contracts.axis import FilmAxis, Point
from lobule.contracts.examination import LesionPlace
from lobule.contracts.result import Box, ImageInfo, Laterality

Depth = Literal["anterior", "middle", "posterior"]
Across = Literal["outer", "inner"]
Along = Literal["upper", "lower"]

_OBLIQUE = math.radians(45)  # the usual angle of the oblique projection; films seldom state their angle
_CENTRAL = 0.12  # share of the breast's depth; nearer to the nipple's axis the side is uncertain
_RETROAREOLAR = 0.25  # largest distance from the nipple as a share of the breast's depth, if central


@dataclass(frozen=True)
class Place:
    """The position of a point on one film.

    Attributes:
        from_nipple: Distance from the nipple, in the unit of the depth.
        depth: Third of the way from the nipple to the chest wall.
        across: Distance from the posterior nipple line over the breast's depth; positive is outwards on CC films and
            upwards on MLO films; None if the orientation of the film is in doubt.
        retroareolar: Whether it is close behind the nipple.
    """

    from_nipple: float
    depth: Depth
    across: float | None
    retroareolar: bool


def place_at(behind: float, across: float, depth: float, *, upright: bool = True) -> Place:
    """The place of a point of a film.

    Args:
        behind: Distance behind the nipple, along the posterior nipple line, in any unit.
        across: Distance from that line, in the same unit; positive is outwards on CC films and upwards on MLO films.
        depth: Length of that line.
        upright: Whether the film certainly hangs as usual.
    """
    share = behind / depth
    third: Depth = "anterior" if share < 1 / 3 else "middle" if share < 2 / 3 else "posterior"
    distance = math.hypot(behind, across)
    near = distance < _RETROAREOLAR * depth and abs(across / depth) < _CENTRAL
    return Place(distance, third, across / depth if upright else None, near)


def place_by(axis: FilmAxis, box: Box, image: ImageInfo) -> Place | None:
    """The place of a box on a film: in millimetres if the spacing is known. None if the axis has no length."""
    down, across = image.pixel_sides

    def from_nipple(point: Point) -> Point:
        return (point[0] - axis.nipple[0]) * across, (point[1] - axis.nipple[1]) * down

    (wx, wy), (sx, sy) = from_nipple(axis.wall), from_nipple(axis.side)
    x, y = from_nipple((box.x + box.width / 2, box.y + box.height / 2))
    area = wx * sy - wy * sx
    if not area:
        return None
    depth = math.hypot(wx, wy)
    return place_at((x * sy - y * sx) / area * depth, (wx * y - wy * x) / area * depth, depth, upright=axis.upright)


def region_of(laterality: Laterality, cc: Place | None, mlo: Place | None) -> LesionPlace:
    """Determine the place of a lesion from its places on one or both films of a breast; the depth is that on the CC.

    Raises:
        ValueError: Neither place is given.
    """
    first = cc or mlo
    if first is None:
        raise ValueError("a place on at least one film is needed")
    outwards = cc.across if cc else None
    upwards = mlo.across if mlo else None
    if outwards is not None and upwards is not None:
        upwards = (upwards - outwards * math.sin(_OBLIQUE)) / math.cos(_OBLIQUE)
    across: Across | None = None
    along: Along | None = None
    if outwards is not None and abs(outwards) >= _CENTRAL:
        across = "outer" if outwards > 0 else "inner"
    if upwards is not None and abs(upwards) >= _CENTRAL:
        along = "upper" if upwards > 0 else "lower"
    retroareolar = any(place.retroareolar for place in (cc, mlo) if place)
    clock = None
    if outwards is not None and upwards is not None and not retroareolar and (across or along):
        clock = _hour(outwards if laterality == "L" else -outwards, upwards)
    return LesionPlace(across=across, along=along, clock=clock, depth=first.depth, retroareolar=retroareolar)


def _hour(right: float, up: float) -> int:
    """The nearest hour in a direction, as seen by the viewer, for whom the left breast's outer side is on the right."""
    hour = math.floor(math.atan2(right, up) * 6 / math.pi + 0.5) % 12  # half past is the next hour, as in the portal
    return hour or 12


def axis_of(axes: Iterable[FilmAxis], job_id: str) -> FilmAxis | None:
    """The axis of an analysed film; None if it is not known."""
    return next((axis for axis in axes if axis.job_id == job_id), None)
