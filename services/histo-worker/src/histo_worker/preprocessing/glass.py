"""Finds the glass of a field, which is slide without tissue, under any lamp."""

import cv2
import numpy as np
from numpy.typing import NDArray

from histo_worker.preprocessing.channels import channel_max, channel_min
from histo_worker.preprocessing.windows import resize_area

RGB8 = NDArray[np.uint8]

BRIGHT = 228
"""A pixel that is brighter in all colours is glass in every field."""
_DARKEST = 140
"""A darker flat grey is not glass under a usual microscope lamp."""
_SIDE = 512
_FLAT, _FLAT_SIDE = 2.5, 7  # deviation and side of the squares in which glass is flat
_NEUTRAL = 24  # largest difference between colours; stained tissue has more
_LEAST_SHARE = 0.01  # least share of a field
_GAP = 5  # pixels of a display image; narrower gaps between fibres belong to the tissue
_PASSES = 0.94  # share of the glass' light; tissue absorbs more


def glass_from(field: RGB8) -> int:
    """The value from which a pixel with this value in all colours is glass; at most `BRIGHT`.

    Under a dim lamp, glass is the brightest flat grey of the field.

    Args:
        field: uint8 (height, width, 3).
    """
    scale = min(1.0, _SIDE / max(field.shape[:2]))
    small = resize_area(field, *(max(1, round(n * scale)) for n in field.shape[:2]))
    low = channel_min(small)
    grey = low.astype(np.float32)
    mean = cv2.blur(grey, (_FLAT_SIDE, _FLAT_SIDE))
    variance = np.maximum(cv2.blur(grey * grey, (_FLAT_SIDE, _FLAT_SIDE)) - mean * mean, 0)
    glass = (variance <= _FLAT**2) & (channel_max(small) - low <= _NEUTRAL) & (low >= _DARKEST)
    if glass.mean() < _LEAST_SHARE:
        return BRIGHT
    return min(BRIGHT, round(_PASSES * float(np.percentile(low[glass], 90))))


def is_glass(picture: RGB8, level: int) -> NDArray[np.bool_]:
    """A mask (height, width) of the glass in a picture.

    Args:
        picture: uint8 (height, width, 3).
        level: Value of the field from `glass_from`.
    """
    bright = (channel_min(picture) > level).astype(np.uint8)
    return cv2.morphologyEx(bright, cv2.MORPH_OPEN, np.ones((_GAP, _GAP), np.uint8)).astype(bool)
