"""Turns the pixels of a file to a film as it hangs, and back; says where the chest wall lies."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lobule.contracts.result import ChestWall, Hanging
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


def chest_wall_of(breast: Breast) -> ChestWall | None:
    """The edge at which the chest wall lies; None where that is not sure."""
    return ("right" if breast.on_right else "left") if breast.chest_wall_sure else None
