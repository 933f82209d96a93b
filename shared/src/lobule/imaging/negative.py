"""Telling a film whose background is bright, as on a light box, from one whose tissue is."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_FRAME = 6  # percent of each side that may be a scanner's white frame
_NEAR = 0.12  # of the range: this near its ends a pixel is as good as black or white
_MORE = 0.1  # of the pixels: so many more white than black ones make a negative


def is_negative(grey: NDArray[Any]) -> bool:
    """Whether the background is bright, which beside a breast is most of the film.

    All four corners are bright, and inside of what may be a frame there is more white than black: a film in a white
    frame has bright corners too.
    """
    side = max(4, min(grey.shape) // 50)
    low, high = np.percentile(grey[:: max(1, side // 4), :: max(1, side // 4)], [1, 99])
    corners = [grey[:side, :side], grey[:side, -side:], grey[-side:, :side], grey[-side:, -side:]]
    if not all(float(np.median(c)) > low + 0.9 * (high - low) for c in corners):
        return False
    rows, columns = (length * _FRAME // 100 for length in grey.shape)
    step = max(1, min(grey.shape) // 256)
    inner = grey[rows : grey.shape[0] - rows : step, columns : grey.shape[1] - columns : step].astype(np.float32)
    low, high = np.percentile(inner, [1, 99])
    share = (inner - low) / max(float(high - low), 1e-6)
    return float((share > 1 - _NEAR).mean() - (share < _NEAR).mean()) > _MORE
