"""The shapes by which marks of calcifications are told from those of masses, in every picture and object."""

import numpy as np
from numpy.typing import NDArray

CALCIFICATION_SIGN = "∴"
"""Beside the number of calcifications; a triangle is the sign of suspected malignancy."""
_CUT = 0.25  # share of a side that is cut off at each of its ends


def cut_corners(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """A box without its corners, the outline of calcifications.

    Args:
        corners: Corners (N, 2) of the box in their order.

    Returns:
        Vertices (2 N, 2) in the same order.
    """
    before, after = np.roll(corners, 1, axis=0), np.roll(corners, -1, axis=0)
    ends = np.stack([corners + _CUT * (before - corners), corners + _CUT * (after - corners)], axis=1)
    return ends.reshape(-1, 2)
