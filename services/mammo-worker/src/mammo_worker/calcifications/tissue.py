"""The scale of searched images, and their tissue."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo_worker.films.resampling import resample

SPACING = 0.1  # mm per pixel of searched images
_LEAST_FRAME = 30  # pixels of SPACING; white areas of at least 3 mm are frames or labels
_FRAME_MARGIN = 15  # pixels around a frame that are not searched
_WHITE, _BLACK = 245, 8


def at_search_scale(grey: NDArray[Any], spacing: tuple[float, float]) -> NDArray[np.float32]:
    """Resample an image to `SPACING`.

    Args:
        grey: Grey values (height, width).
        spacing: Spacing of rows and columns in mm.
    """
    rows, columns = (max(16, round(count * each / SPACING)) for count, each in zip(grey.shape, spacing, strict=True))
    return resample(np.asarray(grey, np.float32), (rows, columns), cv2.INTER_CUBIC).astype(np.float32)


def tissue(grey: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Mask of tissue in an image with `SPACING` mm per pixel, without frames, labels and the air beside the breast."""
    padded = np.pad((np.asarray(grey) >= _WHITE).astype(np.uint8), _LEAST_FRAME, mode="edge")
    frame = cv2.morphologyEx(padded, cv2.MORPH_OPEN, np.ones((_LEAST_FRAME, _LEAST_FRAME), np.uint8))
    size = 2 * _FRAME_MARGIN + 1
    frame = cv2.dilate(frame, np.ones((size, size), np.uint8))[_LEAST_FRAME:-_LEAST_FRAME, _LEAST_FRAME:-_LEAST_FRAME]
    return (frame == 0) & (np.asarray(grey) > _BLACK)
