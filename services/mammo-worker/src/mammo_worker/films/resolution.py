"""Detects films of too few pixels, such as previews and thumbnails that were uploaded instead of the film."""

import numpy as np

from mammo_worker.films.breast import Breast

LEAST_PIXELS = 300
"""Length of a breast in pixels; on the smallest film that the models were measured on, of CDD-CESM, it has 317."""


def has_few_pixels(breast: Breast) -> bool:
    """Whether a breast has fewer pixels, along its longer side, than on any film that the models were measured on."""
    if not breast.mask.any():
        return False
    top, bottom, left, right = breast.area
    rows, columns = (np.ptp(np.flatnonzero(breast.mask.any(axis=axis))) + 1 for axis in (1, 0))
    height, width = breast.mask.shape
    return bool(max(rows / height * (bottom - top), columns / width * (right - left)) < LEAST_PIXELS)
