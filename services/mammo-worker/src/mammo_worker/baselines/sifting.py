"""Multi-scale morphological sifting, which keeps structures that are as wide as a mass in every direction.

After Min et al., "Multi-scale mass segmentation for mammograms via cascaded random forests" (ISBI 2017), the thesis'
section 2.5: greyscale morphology with linear structuring elements at many orientations. A mass is bright and round, so
it contains a short line in every direction and a long one in none. A vessel contains the long line in one direction.
"""

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

# Lengths of the short and the long line at each scale, pixels of a film 512 high. From 12 to 100 pixels, the sizes of
# the masses of the training patients; the bands overlap, so that no size falls between two.
SCALES = ((8, 24), (16, 40), (28, 64), (44, 110))
ORIENTATIONS = 18


@lru_cache(maxsize=512)
def linear_element(length: int, degrees: float) -> NDArray[np.uint8]:
    """Structuring element: a line of `length` pixels through the centre of a square."""
    side = length | 1
    element = np.zeros((side, side), np.uint8)
    reach = (length - 1) / 2 * np.array([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))])
    middle = np.array([side // 2, side // 2])
    start, end = (np.round(middle + sign * reach).astype(int).tolist() for sign in (-1, 1))
    cv2.line(element, start, end, 1)
    return element


def sift(grey: NDArray[np.uint8], short: int, long: int, orientations: int = ORIENTATIONS) -> NDArray[np.float32]:
    """Extract structures at least `short` and less than `long` pixels wide, averaged over the orientations.

    Args:
        grey: Film (height, width), tissue bright.
        short: Length of the short line, which must fit into a structure.
        long: Length of the long line, which must not fit into it.
        orientations: Number of orientations, evenly spread over 180 degrees.

    Returns:
        The sifted film (height, width), in grey levels.
    """
    total = np.zeros(grey.shape, np.float32)
    for degrees in np.arange(orientations) * 180.0 / orientations:
        small = cv2.subtract(grey, cv2.morphologyEx(grey, cv2.MORPH_OPEN, linear_element(long, float(degrees))))
        total += cv2.morphologyEx(small, cv2.MORPH_OPEN, linear_element(short, float(degrees)))
    return (total / orientations).astype(np.float32)


def sift_scales(
    grey: NDArray[np.uint8], scales: Sequence[tuple[int, int]] = SCALES, orientations: int = ORIENTATIONS
) -> NDArray[np.float32]:
    """Sift the film at every scale, (scales, height, width)."""
    return np.stack([sift(grey, short, long, orientations) for short, long in scales])
