"""Turns the windows of a field by 0, 90, 180 and 270 degrees in turn.

A slide has no upright direction, but the features of a network that was trained on photographs depend on it. With
turned windows, a field has nearly the same probability in every orientation, at no cost in time
(docs/results/tissue-tried.md, "A field that is turned").
"""

import numpy as np
from numpy.typing import NDArray

_QUARTERS = 4


def turn_windows(patches: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Turn patches (n, side, side, channels) in place, the i-th by i times 90 degrees, and return them."""
    for i, patch in enumerate(patches):
        patch[:] = np.rot90(patch, i % _QUARTERS).copy()
    return patches


def turned_back(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn the maps (n, side, side) of turned patches back."""
    return np.stack([np.rot90(each, -(i % _QUARTERS)) for i, each in enumerate(maps)])
