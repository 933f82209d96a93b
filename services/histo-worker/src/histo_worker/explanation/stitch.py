"""Stitches the evidence maps of patches into a map of the image."""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from histo_worker.preprocessing.windows import Window

Float = NDArray[np.float32]


def stitch(maps: Float, windows: Sequence[Window], height: int, width: int, scale: float = 1.0) -> Float:
    """One map of an image, overlapping patches blended.

    Each cell of a patch's map is stretched over the pixels that it stands for: its centre comes to lie on the centre of
    those pixels, which is what half-pixel-centred resizing does. Weights fall towards a patch's border, so that no seam
    shows and the border's cells, which saw padding, count least.

    Args:
        maps: (patches, rows, columns), one map per window.
        windows: Where each patch was cut, in pixels of the image.
        height: Rows of the image.
        width: Columns of the image.
        scale: Of the answer, at most 1: a map of a large image need not have its resolution.

    Returns:
        float32 (height * scale, width * scale), rounded up; the map's least value where no window lies.
    """
    height, width = math.ceil(height * scale), math.ceil(width * scale)
    total = np.zeros((height, width), np.float32)
    weight = np.zeros((height, width), np.float32)
    for values, window in zip(maps, windows, strict=True):
        top, left = math.floor(window.y * scale), math.floor(window.x * scale)
        bottom = min(height, math.ceil((window.y + window.side) * scale))
        right = min(width, math.ceil((window.x + window.side) * scale))
        grown = cv2.resize(values, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
        taper = np.outer(_ramp(bottom - top), _ramp(right - left))
        total[top:bottom, left:right] += grown * taper
        weight[top:bottom, left:right] += taper
    covered = weight > 0
    np.divide(total, weight, out=total, where=covered)
    total[~covered] = maps.min()
    return total


def smooth(stitched: Float, cell: float) -> Float:
    """Blur over about one cell: single cells are mostly noise. Outside the field there is no evidence either way."""
    return cv2.GaussianBlur(stitched, (0, 0), cell, borderType=cv2.BORDER_CONSTANT).astype(np.float32)


def _ramp(side: int) -> Float:
    return (np.minimum(np.arange(side) + 0.5, side - np.arange(side) - 0.5) / side).astype(np.float32)
