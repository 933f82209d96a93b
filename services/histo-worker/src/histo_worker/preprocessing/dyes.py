"""The two dyes of a picture of stained tissue, and pictures with other dyes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from histo_worker.preprocessing.stain import (
    REFERENCE_MAXIMA,
    REFERENCE_STAINS,
    concentrations,
    estimate_stains,
    from_optical_density,
    optical_density,
)

RGB8 = NDArray[np.uint8]
Float = NDArray[np.floating]

_SAMPLE = 20_000  # pixels from which dyes are estimated
LEAST = 1e-3
"""Smaller amounts of a dye count as this."""


class Dyes(NamedTuple):
    """The dyes of a source.

    Attributes:
        stains: Unit rows haematoxylin and eosin, (2, 3), in optical density.
        maxima: 99th percentiles of their amounts, (2,).
    """

    stains: Float
    maxima: Float


def dyes_of(rgb: RGB8) -> Dyes | None:
    """Estimate the dyes of a picture (Macenko et al., ISBI 2009); None if they cannot be distinguished."""
    pixels = rgb.reshape(-1, 3)
    few = optical_density(pixels[:: max(1, len(pixels) // _SAMPLE)])
    stains = estimate_stains(few)
    return None if stains is None else Dyes(stains, np.percentile(concentrations(few, stains), 99, axis=0))


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
