"""Stitches the evidence maps of patches into a map of the image."""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from histo_worker.preprocessing.windows import Window

Float = NDArray[np.float32]


def stitch(maps: Float, windows: Sequence[Window], height: int, width: int, scale: float = 1.0) -> Float:
    """Combine the maps of patches into one map of the image, blending overlaps.

    Each cell of a patch's map is stretched over the pixels that it covers, with its centre on their centre, as in
    half-pixel-centred resizing. Weights decrease towards a patch's border, so that no seam is visible and the border's
    cells, which saw padding, have the smallest weight.

    Args:
        maps: (patches, rows, columns), one map per window.
        windows: Position of each patch, in pixels of the image.
        height: Height of the image.
        width: Width of the image.
        scale: Scale of the result, at most 1, because a map of a large image does not need its resolution.

    Returns:
        float32 (height * scale, width * scale), rounded up; the map's smallest value outside all windows.
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
    """Blur over about one cell, because single cells are mostly noise. Outside the field the evidence is zero."""
    return cv2.GaussianBlur(stitched, (0, 0), cell, borderType=cv2.BORDER_CONSTANT).astype(np.float32)


def _ramp(side: int) -> Float:
    return (np.minimum(np.arange(side) + 0.5, side - np.arange(side) - 0.5) / side).astype(np.float32)
