"""Turns the pixels of a file to a film as it hangs, and back; checks the chest wall against the label."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lobule.contracts.notices import HUNG_BY_CHEST_WALL, Notice
from lobule.contracts.result import Hanging, Laterality
from lobule.words import make_notice
from mammo_worker.films.breast import Breast


def turned(film: NDArray[Any], hanging: Hanging | None) -> NDArray[Any]:
    """A film (height, width) of stored pixels as it hangs, contiguous."""
    if hanging is None or hanging == Hanging():
        return film
    film = np.rot90(film, -(hanging.rotation // 90))
    return np.ascontiguousarray(film[:, ::-1] if hanging.mirrored else film)


def points_in_file(
    points: NDArray[np.floating], hanging: Hanging | None, shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """Points (N, 2) as x, y of a film as it hangs, in pixels of its file.

    Args:
        points: In continuous coordinates, pixel edges at integers.
        hanging: How the file's pixels were turned.
        shape: (height, width) of the file's pixels.
    """
    x, y = np.asarray(points, np.float64).reshape(-1, 2).T
    if hanging is None:
        return np.stack([x, y], axis=1)
    height, width = shape[:2]
    if hanging.mirrored:
        x = (height if hanging.rotation in (90, 270) else width) - x
    turns = {0: (x, y), 90: (y, height - x), 180: (width - x, height - y), 270: (width - y, x)}
    return np.stack(turns[hanging.rotation], axis=1)


def hang_by_chest_wall(
    breast: Breast, laterality: Laterality | None, hanging: Hanging | None
) -> tuple[Hanging | None, Notice | None]:
    """Hang a film whose chest wall is on the wrong side for its label.

    Args:
        breast: On the film as `hanging` turns it.
        laterality: Of the breast, as the user or the file says.
        hanging: By the file's tags; None where they say nothing.

    Returns:
        How to hang the film, and what to say: without tags it may be mirrored, and is turned; against its tags its
        label is in doubt, and it hangs as they say.
    """
    if laterality is None or not breast.chest_wall_sure or breast.on_right == (laterality == "R"):
        return hanging, None
    if hanging is None:
        return Hanging(mirrored=True), make_notice(HUNG_BY_CHEST_WALL, side=laterality)
    return hanging, make_notice("chest_wall_against_laterality", side=laterality)
