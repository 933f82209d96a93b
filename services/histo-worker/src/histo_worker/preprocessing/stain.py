"""Haematoxylin and eosin in optical-density space, where stains are additive (Beer-Lambert)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
RGB8 = NDArray[np.uint8]

_TISSUE_OD = 0.15  # Macenko's beta: below this density a pixel is glass
_ANGLE_PERCENTILE = 1.0  # Macenko's alpha: extreme angles, robustly
_MIN_TISSUE = 200  # sampled pixels; fewer give no stable plane
_PIXELS_AT_ONCE = 1 << 20  # densities need 36 bytes per pixel
_SAMPLE = 20_000  # number of pixels to which the plane is fitted; more only take longer

# Macenko's reference: unit stain vectors (rows: haematoxylin, eosin) and 99th percentiles of their concentrations.
REFERENCE_STAINS: Float = np.array([[0.5626, 0.7201, 0.4062], [0.2159, 0.8012, 0.5581]], dtype=np.float32)
REFERENCE_MAXIMA: Float = np.array([1.9705, 1.0308], dtype=np.float32)

LEAST = 1e-3
"""Smaller amounts of a dye count as this."""

_OD_OF_BYTE: Float = (-np.log((np.arange(256) + 1) / 256)).astype(np.float32)


class Dyes(NamedTuple):
    """The dyes of a source.

    Attributes:
        stains: Unit rows haematoxylin and eosin, (2, 3), in optical density.
        maxima: 99th percentiles of their amounts, (2,).
    """

    stains: NDArray[np.floating]
    maxima: NDArray[np.floating]


def optical_density(rgb: RGB8) -> Float:
    """Optical density -ln((value + 1) / 256) of 8-bit RGB, per channel; 0 for white, 5.5 for black."""
    return _OD_OF_BYTE[rgb]


def from_optical_density(density: Float) -> RGB8:
    """The inverse of `optical_density`, rounded and clipped to 8 bits."""
    return np.clip(np.exp(-density) * 256 - 1 + 0.5, 0, 255).astype(np.uint8)


def estimate_stains(density: Float) -> Float | None:
    """Estimate the stain vectors of an H&E image by the method of Macenko et al. (ISBI 2009).

    The two stains are the extreme directions, by angle, in the plane of the largest two eigenvectors of the optical
    densities of tissue.

    Args:
        density: Optical densities, shape (..., 3).

    Returns:
        Unit rows haematoxylin and eosin, shape (2, 3); None if there is too little tissue or no plane.
    """
    pixels = density.reshape(-1, 3)
    pixels = pixels[:: max(1, len(pixels) // _SAMPLE)]
    tissue = pixels[(pixels > _TISSUE_OD).all(axis=1)]
    if len(tissue) < _MIN_TISSUE:
        return None
    _, vectors = np.linalg.eigh(np.cov(tissue, rowvar=False))
    plane = vectors[:, [2, 1]]
    plane = plane * np.where(plane.sum(axis=0) < 0, -1.0, 1.0)
    coordinates = tissue @ plane
    angles = np.arctan2(coordinates[:, 1], coordinates[:, 0])
    low, high = np.percentile(angles, [_ANGLE_PERCENTILE, 100 - _ANGLE_PERCENTILE])
    if high - low < 1e-3:
        return None
    pair = np.stack([plane @ [np.cos(a), np.sin(a)] for a in (low, high)])
    if pair[0, 0] < pair[1, 0]:  # haematoxylin absorbs more red than eosin does
        pair = pair[::-1]
    return (pair / np.linalg.norm(pair, axis=1, keepdims=True)).astype(np.float32)


def concentrations(density: Float, stains: Float) -> Float:
    """Least-squares amounts of two stains, shape (..., 2), from densities of shape (..., 3)."""
    return (density @ np.linalg.pinv(stains)).astype(np.float32)


def dyes_of(rgb: RGB8) -> Dyes | None:
    """Estimate the dyes of a picture (Macenko et al., ISBI 2009); None if they cannot be distinguished."""
    pixels = rgb.reshape(-1, 3)
    few = optical_density(pixels[:: max(1, len(pixels) // _SAMPLE)])
    stains = estimate_stains(few)
    return None if stains is None else Dyes(stains, np.percentile(concentrations(few, stains), 99, axis=0))


def normalise_stain(rgb: RGB8, strength: float = 1.0) -> RGB8:
    """Convert an H&E image to the reference stains (Macenko et al., ISBI 2009).

    Args:
        rgb: uint8 (height, width, 3).
        strength: 0 keeps the image, 1 replaces its stains completely; values in between mix densities.

    Returns:
        The image, unchanged if the stains cannot be distinguished.
    """
    own = dyes_of(rgb)
    if own is None:
        return rgb
    stains = np.asarray(own.stains, np.float32)
    factors = (REFERENCE_MAXIMA / np.maximum(own.maxima, LEAST)).astype(np.float32)
    redyed = np.empty_like(rgb)
    step = max(1, _PIXELS_AT_ONCE // rgb.shape[1])
    for top in range(0, len(rgb), step):
        density = optical_density(rgb[top : top + step])
        reference = np.maximum(concentrations(density, stains) * factors @ REFERENCE_STAINS, 0)
        mixed = (strength * reference + (1 - strength) * density).astype(np.float32)
        redyed[top : top + step] = from_optical_density(mixed)
    return redyed


def jitter_stain(rgb: RGB8, rng: np.random.Generator, spread: float = 0.2, shift: float = 0.05) -> RGB8:
    """Simulate another laboratory's dyes: scale and shift each stain's concentration, and vary its colour slightly.

    After Tellez et al. (Med. Image Anal. 2019). The part of the density that the two stains do not explain is
    unchanged.

    Args:
        rgb: uint8 (height, width, 3).
        rng: Source of randomness.
        spread: Concentrations are multiplied by exp(u), u uniform within +-spread.
        shift: Concentrations of tissue are shifted by u, uniform within +-shift.
    """
    density = optical_density(rgb)
    found = estimate_stains(density)
    stains = REFERENCE_STAINS if found is None else found
    amounts = concentrations(density, stains)
    rest = density - amounts @ stains
    scale = np.exp(rng.uniform(-spread, spread, 2)).astype(np.float32)
    tissue = (density.mean(axis=-1, keepdims=True) > _TISSUE_OD).astype(np.float32)
    amounts = amounts * scale + rng.uniform(-shift, shift, 2).astype(np.float32) * tissue
    tilted = stains + rng.uniform(-spread / 4, spread / 4, stains.shape).astype(np.float32)
    return from_optical_density(np.maximum(amounts @ tilted + rest, 0))
