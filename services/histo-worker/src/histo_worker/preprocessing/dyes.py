"""Pictures with the two dyes of another source."""

import numpy as np
from numpy.typing import NDArray

from histo_worker.preprocessing.stain import (
    LEAST,
    REFERENCE_MAXIMA,
    REFERENCE_STAINS,
    Dyes,
    concentrations,
    from_optical_density,
    optical_density,
)

RGB8 = NDArray[np.uint8]


def replace_dyes(rgb: RGB8, own: Dyes, other: Dyes, *, rest: bool = False) -> RGB8:
    """Replace the dyes of a picture by those of another source.

    Args:
        rgb: uint8 (height, width, 3).
        own: Its dyes.
        other: Those of the other source.
        rest: Whether to keep what two dyes do not explain.
    """
    density = optical_density(rgb)
    amounts = concentrations(density, np.asarray(own.stains, np.float32))
    changed = amounts * (other.maxima / np.maximum(own.maxima, LEAST)) @ other.stains
    if rest:
        changed = changed + density - amounts @ own.stains
    return from_optical_density(np.maximum(changed, 0).astype(np.float32))


def draw_dyes(rng: np.random.Generator, hue: float = 0.1, spread: float = 0.7) -> Dyes:
    """Dyes that some laboratory might use, around Macenko's reference.

    Args:
        rng: Source of randomness.
        hue: Deviation of the components of each dye's direction.
        spread: Maxima are those of the reference times exp(u), u within +-spread.
    """
    stains = np.maximum(REFERENCE_STAINS + rng.normal(0, hue, REFERENCE_STAINS.shape), 0.02)
    stains /= np.linalg.norm(stains, axis=1, keepdims=True)
    if stains[0, 0] < stains[1, 0]:  # haematoxylin absorbs more red than eosin does
        stains = stains[::-1]
    return Dyes(stains, REFERENCE_MAXIMA * np.exp(rng.uniform(-spread, spread, 2)))
