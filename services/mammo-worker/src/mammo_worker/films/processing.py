"""Processes a scanned film as the software of digital detectors does, to measure what that changes."""

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo_worker.films.appearance import canvas_of, stretched

_LEVELS = 6
_POWER, _GAIN = (0.5, 0.8), (1.0, 2.0)  # of the detail of each level
_COARSE = (0.4, 0.8)  # factor on the coarsest level, which holds the thickness of the breast
_GAMMA = (0.6, 1.6)


def processed(grey: NDArray[np.uint8], chance: np.random.Generator) -> NDArray[np.uint8]:
    """Make a canvas (height, width, 2), grey and CLAHE, from the plain grey (height, width), processed.

    The detail of each level of a Laplacian pyramid is compressed by a power and amplified, so that faint structures are
    as visible as strong ones (Vuylsteke and Schoeters, "Multiscale image contrast amplification (MUSICA)", Proc. SPIE
    2167, 1994). Power, gains and gamma are drawn anew for each film. Unlike the films of `films.looks`, these only
    measure: nothing learns from them.
    """
    inside = grey > 0
    if not inside.any():
        return np.repeat(grey[..., None], 2, axis=-1)
    film = grey.astype(np.float32) / 255
    film[~inside] = film[inside].mean()
    power, coarse = chance.uniform(*_POWER), np.float32(chance.uniform(*_COARSE))
    detail: list[NDArray[np.float32]] = []
    for _ in range(_LEVELS):
        smaller = cv2.pyrDown(film)
        detail.append((film - cv2.pyrUp(smaller, dstsize=film.shape[::-1])).astype(np.float32))
        film = smaller.astype(np.float32)
    film = film.mean() + (film - film.mean()) * coarse
    for level in reversed(detail):
        most = np.percentile(np.abs(level), 99.9) + 1e-6
        amplified = chance.uniform(*_GAIN) * most * np.sign(level) * (np.abs(level) / most) ** power
        film = (cv2.pyrUp(film, dstsize=level.shape[::-1]) + amplified).astype(np.float32)
    shown = 255 * (stretched(film * 255, inside) / 255) ** chance.uniform(*_GAMMA)
    return canvas_of(np.maximum(shown, 1).astype(np.uint8), inside)
