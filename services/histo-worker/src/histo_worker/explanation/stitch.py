"""Evidence maps of patches, laid back over the image."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from histo_worker.preprocessing.windows import Window

Float = NDArray[np.float32]


def stitch(maps: Float, windows: Sequence[Window], height: int, width: int) -> Float:
    """One map at image resolution, overlapping patches blended.

    Each cell of a patch's map is stretched over the pixels that it stands for: its centre comes to lie on the centre of
    those pixels, which is what half-pixel-centred resizing does. Weights fall towards a patch's border, so that no seam
    shows and the border's cells, which saw padding, count least.

    Args:
        maps: (patches, rows, columns), one map per window.
        windows: Where each patch was cut, in pixels of the image.
        height: Rows of the image.
        width: Columns of the image.

    Returns:
        float32 (height, width); the map's least value where no window lies.
    """
    total = np.zeros((height, width), np.float32)
    weight = np.zeros((height, width), np.float32)
    for values, window in zip(maps, windows, strict=True):
        rows, columns = slice(window.y, window.y + window.side), slice(window.x, window.x + window.side)
        grown = cv2.resize(values, (window.side, window.side), interpolation=cv2.INTER_LINEAR)
        taper = _taper(window.side)
        total[rows, columns] += grown * taper
        weight[rows, columns] += taper
    return np.where(weight > 0, total / np.maximum(weight, 1e-6), np.float32(maps.min()))


def smooth(stitched: Float, cell: float) -> Float:
    """Blur over about one cell: single cells are mostly noise. Outside the field there is no evidence either way."""
    return cv2.GaussianBlur(stitched, (0, 0), cell, borderType=cv2.BORDER_CONSTANT).astype(np.float32)


def _taper(side: int) -> Float:
    ramp = np.minimum(np.arange(side) + 0.5, side - np.arange(side) - 0.5) / side
    return np.outer(ramp, ramp).astype(np.float32)
