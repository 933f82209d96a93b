"""Places points of films relative to the landmarks of the breast."""

import numpy as np

from lobule.breast_place import Place, place_at
from mammo_worker.examination.anatomy import Anatomy


def place_on_film(anatomy: Anatomy, point: tuple[float, float], upright: bool = True) -> Place:
    """Determine the position of a point of the frame, in its units.

    On a film that hangs as usual, the outer side of a CC film and the upper side of an MLO film are at the top.

    Args:
        anatomy: Landmarks of the breast.
        point: Position x, y in the frame.
        upright: Whether the film certainly hangs as usual.
    """
    at = np.array([point])
    behind, across = float(anatomy.behind_nipple(at)[0]), float(anatomy.across(at)[0])
    return place_at(behind, across, anatomy.depth, upright=upright)
