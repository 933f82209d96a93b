"""Describes the position of a finding: outer or inner, upper or lower, quadrant, clock face, depth.

A craniocaudal film distinguishes outer from inner, a mediolateral oblique one upper from lower. The vertical axis of
the oblique film is not the patient's: a far lateral lesion appears higher than it is. With both views, the patient's
vertical position is computed from the two (Sickles, "Practical solutions to common mammographic problems", AJR 151,
1988: lateral lesions move down from the oblique to the lateral view, medial ones up).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from lobule.contracts.result import Laterality
from mammo_worker.examination.anatomy import Anatomy

Depth = Literal["anterior", "middle", "posterior"]
Across = Literal["outer", "inner"]
Along = Literal["upper", "lower"]

_OBLIQUE = np.radians(45)  # the usual angle of the oblique projection; films seldom state their angle
_CENTRAL = 0.12  # share of the breast's depth; nearer to the nipple's axis the side is uncertain
_RETROAREOLAR = 0.25  # largest distance from the nipple as a share of the breast's depth, if central


@dataclass(frozen=True)
class Place:
    """The position of a point on one film.

    Attributes:
        from_nipple: Distance from the nipple, in units of the frame.
        depth: Third of the way from the nipple to the chest wall.
        across: Distance from the posterior nipple line over the breast's depth; positive is outwards on CC films and
            upwards on MLO films; None if the orientation of the film is in doubt.
        retroareolar: Whether it is close behind the nipple.
    """

    from_nipple: float
    depth: Depth
    across: float | None
    retroareolar: bool


def place_on_film(anatomy: Anatomy, point: tuple[float, float], upright: bool = True) -> Place:
    """Determine the position of a point of the frame.

    On a film that hangs as usual, the outer side of a CC film and the upper side of an MLO film are at the top.

    Args:
        anatomy: Landmarks of the breast.
        point: Position x, y in the frame.
        upright: Whether the film certainly hangs as usual.
    """
    at = np.array([point])
    behind = float(anatomy.behind_nipple(at)[0]) / anatomy.depth
    depth: Depth = "anterior" if behind < 1 / 3 else "middle" if behind < 2 / 3 else "posterior"
    across = float(anatomy.across(at)[0]) / anatomy.depth
    distance = float(anatomy.from_nipple(at)[0])
    near = distance < _RETROAREOLAR * anatomy.depth and abs(across) < _CENTRAL
    return Place(distance, depth, across if upright else None, near)


@dataclass(frozen=True)
class Region:
    """The position of a lesion in a breast.

    Attributes:
        across: Outer or inner; None without a CC film, or near the middle.
        along: Upper or lower; None without an MLO film, or near the middle.
        clock: Hour on the breast's clock face, seen from the front; None without both views, or behind the nipple.
        depth: The third of the depth, by the CC film if there is one.
        retroareolar: Whether it is close behind the nipple on a film.
    """

    across: Across | None
    along: Along | None
    clock: int | None
    depth: Depth
    retroareolar: bool


def region_of(laterality: Laterality, cc: Place | None, mlo: Place | None) -> Region:
    """Determine the position of a lesion from its places on one or both films of a breast.

    Raises:
        ValueError: Neither place is given.
    """
    first = cc or mlo
    if first is None:
        raise ValueError("a place on at least one film is needed")
    outwards = cc.across if cc else None
    upwards = mlo.across if mlo else None
    if outwards is not None and upwards is not None:
        upwards = (upwards - outwards * float(np.sin(_OBLIQUE))) / float(np.cos(_OBLIQUE))
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
    return Region(across, along, clock, first.depth, retroareolar)


def _hour(right: float, up: float) -> int:
    """The nearest hour in a direction, as seen by the viewer, for whom the left breast's outer side is on the right."""
    hour = round(float(np.degrees(np.arctan2(right, up))) / 30) % 12
    return hour or 12
