"""Reads squares in their eight orientations, whose mean is more accurate than one of them.

A larger field is covered by overlapping squares, which have the same effect.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

RGB8 = NDArray[np.uint8]
Float = NDArray[np.float32]

COUNT = 8


def turned(pictures: RGB8, orientation: int) -> RGB8:
    """Turn pictures (n, side, side, 3) into an orientation from 0 to 7; 0 leaves them as they are."""
    quarter = np.rot90(pictures, orientation % 4, (1, 2))
    return np.ascontiguousarray(quarter[:, :, ::-1] if orientation >= 4 else quarter)


def turned_back(maps: Float, orientation: int) -> Float:
    """Turn maps (n, side, side) of turned pictures back."""
    return np.rot90(maps[:, :, ::-1] if orientation >= 4 else maps, -(orientation % 4), (1, 2))


def read_turned(read: Callable[[RGB8], tuple[Float, Float]], patches: RGB8) -> tuple[Float, Float]:
    """Mean logits (n,) and evidence maps (n, rows, columns) over the orientations.

    Args:
        read: Logits and evidence maps of squares.
        patches: uint8 (n, SIDE, SIDE, 3).
    """
    logits, evidence = read(np.concatenate([turned(patches, i) for i in range(COUNT)]))
    maps = [turned_back(part, i) for i, part in enumerate(np.split(evidence, COUNT))]
    return logits.reshape(COUNT, -1).mean(axis=0), np.mean(maps, axis=0)
