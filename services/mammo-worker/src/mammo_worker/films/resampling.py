"""Resizes pictures whose pixels may be much finer in one direction than in the other."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


def resample(picture: NDArray[Any], size: tuple[int, int], growing: int = cv2.INTER_LINEAR) -> NDArray[Any]:
    """Resize each direction by itself: by the means of areas where it shrinks, by interpolation where it grows.

    OpenCV's `INTER_AREA` interpolates both directions if one of them grows, so that the other one aliases.

    Args:
        picture: Picture (height, width).
        size: Height and width of the result.
        growing: OpenCV's method for what grows.
    """
    (height, width), (rows, columns) = size, picture.shape[:2]
    if (height < rows) == (width < columns):
        method = cv2.INTER_AREA if height < rows else growing
        return np.asarray(cv2.resize(picture, (width, height), interpolation=method))
    shrunk = cv2.resize(picture, (min(width, columns), min(height, rows)), interpolation=cv2.INTER_AREA)
    if shrunk.shape[:2] == size:
        return np.asarray(shrunk)
    return np.asarray(cv2.resize(shrunk, (width, height), interpolation=growing))
