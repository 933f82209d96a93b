"""Glass of a field: slide without tissue, whatever the lamp."""

import cv2
import numpy as np
from numpy.typing import NDArray

from histo_worker.preprocessing.windows import resize_area

RGB8 = NDArray[np.uint8]

BRIGHT = 228
"""Brighter in all colours is glass in every field."""
_DARKEST = 140
"""A darker flat grey is no glass under a lamp that a microscope is used with."""
_SIDE = 512
_FLAT, _FLAT_SIDE = 2.5, 7  # deviation and side of the squares in which glass is flat
_NEUTRAL = 24  # between the strongest and the weakest colour: dyed tissue has more
_LEAST_SHARE = 0.01  # of a field
_GAP = 5  # pixels of a display image: narrower gaps between fibres belong to the tissue
_PASSES = 0.94  # of the glass' light: what absorbs more is tissue


def glass_from(field: RGB8) -> int:
    """The value from which a pixel that has it in all colours is glass; at most `BRIGHT`.

    Under a dim lamp glass is a flat grey, the brightest of the field.

    Args:
        field: uint8 (height, width, 3).
    """
    scale = min(1.0, _SIDE / max(field.shape[:2]))
    small = resize_area(field, *(max(1, round(n * scale)) for n in field.shape[:2]))
    low = small.min(axis=2)
    grey = low.astype(np.float32)
    mean = cv2.blur(grey, (_FLAT_SIDE, _FLAT_SIDE))
    variance = np.maximum(cv2.blur(grey * grey, (_FLAT_SIDE, _FLAT_SIDE)) - mean * mean, 0)
    glass = (variance <= _FLAT**2) & (small.max(axis=2) - low <= _NEUTRAL) & (low >= _DARKEST)
    if glass.mean() < _LEAST_SHARE:
        return BRIGHT
    return min(BRIGHT, round(_PASSES * float(np.percentile(low[glass], 90))))


def is_glass(picture: RGB8, level: int) -> NDArray[np.bool_]:
    """Where a picture shows glass, (height, width).

    Args:
        picture: uint8 (height, width, 3).
        level: Of its field, from `glass_from`.
    """
    bright = (picture.min(axis=2) > level).astype(np.uint8)
    return cv2.morphologyEx(bright, cv2.MORPH_OPEN, np.ones((_GAP, _GAP), np.uint8)).astype(bool)
