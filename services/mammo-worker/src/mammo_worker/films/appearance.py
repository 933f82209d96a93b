"""Steps that every change of a film's appearance shares."""

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo_worker.films.prepare import equalised

_LEVELS = np.arange(256) / 255.0
_DARKEST, _BRIGHTEST = 0.5, 99.8  # percentiles, as films are prepared


def blurred_within(image: NDArray[np.float32], inside: NDArray[np.bool_], deviation: float) -> NDArray[np.float32]:
    """A Gaussian mean within the breast, so that its edge does not change; a wide one is computed at a quarter size."""
    weight = inside.astype(np.float32)
    if deviation > 16:
        small = [cv2.resize(i, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA) for i in (image * weight, weight)]
        both = [cv2.resize(cv2.GaussianBlur(i, (0, 0), deviation / 4), image.shape[::-1]) for i in small]
    else:
        both = [cv2.GaussianBlur(i, (0, 0), deviation) for i in (image * weight, weight)]
    return (both[0] / np.maximum(both[1], 1e-3)).astype(np.float32)


def stretched(image: NDArray[np.float32], inside: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Convert to 8 bits from the darkest to the brightest tissue, as films are prepared."""
    low, high = np.percentile(image[inside], [_DARKEST, _BRIGHTEST])
    return (np.clip((image - low) / max(float(high - low), 1e-6), 0, 1) * 255).astype(np.uint8)


def tone_curve(gamma: float, bend: float) -> NDArray[np.uint8]:
    """An increasing lookup table (256,) that fixes black and white: gamma, then an S or its inverse."""
    bent = _LEVELS**gamma
    bent = bent + bend * np.sin(2 * np.pi * bent) / (2 * np.pi)
    return np.round(255 * np.clip(bent, 0, 1)).astype(np.uint8)


def canvas_of(grey: NDArray[np.uint8], inside: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Make a canvas (height, width, 2), grey and CLAHE, from the grey of a breast; 0 outside."""
    out = grey * inside
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    content = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    clahe = np.zeros_like(out)
    clahe[content] = equalised(np.ascontiguousarray(out[content]))
    return np.stack([out, clahe * inside], axis=-1)
