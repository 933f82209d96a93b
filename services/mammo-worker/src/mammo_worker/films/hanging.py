"""Converts the pixels of a file to the film as it hangs, and back, and finds the edge of the chest wall."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lobule.contracts.result import ChestWall, Hanging
from mammo_worker.films.breast import Breast


def turned(film: NDArray[Any], hanging: Hanging | None) -> NDArray[Any]:
    """Turn a film (height, width) of stored pixels as it hangs; the result is contiguous."""
    if hanging is None or hanging == Hanging():
        return film
    film = np.rot90(film, -(hanging.rotation // 90))
    return np.ascontiguousarray(film[:, ::-1] if hanging.mirrored else film)


def points_in_file(
    points: NDArray[np.floating], hanging: Hanging | None, shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """Convert points (N, 2) as x, y of a hung film to pixels of its file.

    Args:
        points: Points in continuous coordinates, with pixel edges at integers.
        hanging: Rotation and mirroring of the file's pixels.
        shape: Shape (height, width) of the file's pixels.
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
    """The edge of the chest wall; None if uncertain."""
    return ("right" if breast.on_right else "left") if breast.chest_wall_sure else None
