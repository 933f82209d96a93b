"""Changes a scanned film's appearance to resemble digital mammograms as their software shows them."""

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo_worker.films.appearance import blurred_within, canvas_of, stretched, tone_curve

_RINGS, _RIM = 40, 16  # rings from the skin to the deepest point, and how many of them are near the skin


def digital_look(grey: NDArray[np.uint8], chance: np.random.Generator) -> NDArray[np.uint8]:
    """Make a canvas (height, width, 2), grey and CLAHE, from a changed copy of the plain grey (height, width).

    Digital mammograms are processed before they are shown: the thickness of the breast is equalised, contrast is
    evened out, detail is enhanced, and the tone curve is the vendor's. Each step is drawn anew. The density of the
    breast stays the same.
    """
    inside = grey > 0
    if not inside.any():
        return np.repeat(grey[..., None], 2, axis=-1)
    changed = grey.astype(np.float32)
    if chance.random() < 0.8:
        changed = _equal_thickness(changed, inside, chance)
    if chance.random() < 0.7:
        changed = _even_contrast(changed, inside, chance)
    if chance.random() < 0.3:
        changed = _equal_histograms(changed, inside, chance)
    for deviation in (1.5, 5.0):
        amount = float(chance.uniform(-0.4, 1.5))
        changed += amount * (changed - blurred_within(changed, inside, deviation))
    changed += chance.standard_normal(grey.shape, np.float32) * np.float32(chance.uniform(0, 5))
    levels = stretched(changed, inside)
    return canvas_of(np.maximum(cv2.LUT(levels, _curve(levels[inside], chance)), 1).astype(np.uint8), inside)


def partly_digital(grey: NDArray[np.uint8], chance: np.random.Generator) -> NDArray[np.uint8]:
    """Mix `digital_look`, many of whose draws go beyond real digital films, with the plain film, by 0.2 to 1."""
    inside = grey > 0
    if not inside.any():
        return digital_look(grey, chance)
    share = np.float32(chance.uniform(0.2, 1))
    mixed = share * digital_look(grey, chance)[..., 0].astype(np.float32) + (1 - share) * grey.astype(np.float32)
    return canvas_of(np.maximum(stretched(mixed.astype(np.float32), inside), 1).astype(np.uint8), inside)


def _equal_thickness(
    image: NDArray[np.float32], inside: NDArray[np.bool_], chance: np.random.Generator
) -> NDArray[np.float32]:
    """Remove a share of the slow changes of brightness, or lift the rim of the breast to the brightness within."""
    if chance.random() < 0.4:
        slow = blurred_within(image, inside, image.shape[0] / float(chance.uniform(6, 40)))
        share = np.float32(chance.uniform(0.2, 1))
        return (image - share * (slow - slow[inside].mean())).astype(np.float32)
    padded = np.pad(inside.astype(np.uint8), 1)
    padded[1:-1, 0] = 1  # the chest wall is not skin
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, 3)[1:-1, 1:-1]
    depth *= _RINGS / max(float(depth.max()), 1.0)
    ring = np.minimum(depth.astype(int), _RIM)
    profile = np.full(_RIM + 1, float(np.median(image[inside])))
    for each in np.unique(ring[inside]):
        profile[each] = np.median(image[inside & (ring == each)])
    profile = np.convolve(np.pad(profile, 1, "edge"), [0.25, 0.5, 0.25], "valid")
    missing = profile[-1] - np.interp(depth - 0.5, np.arange(_RIM + 1), profile)
    return image + np.float32(chance.uniform(0.3, 1.1)) * missing.astype(np.float32)


def _even_contrast(
    image: NDArray[np.float32], inside: NDArray[np.bool_], chance: np.random.Generator
) -> NDArray[np.float32]:
    """Raise contrast where it is low, and lower the brightness behind it."""
    deviation = image.shape[0] / float(chance.uniform(12, 50))
    mean = blurred_within(image, inside, deviation)
    contrast = np.sqrt(np.maximum(blurred_within((image - mean) ** 2, inside, 1.5 * deviation), 9))
    gain = (float(np.median(contrast[inside])) / contrast) ** float(chance.uniform(0, 0.8))
    behind, detail = np.float32(chance.uniform(0.4, 1)), np.float32(chance.uniform(1, 2.5))
    return (mean * behind + (image - mean) * gain * detail).astype(np.float32)


def _equal_histograms(
    image: NDArray[np.float32], inside: NDArray[np.bool_], chance: np.random.Generator
) -> NDArray[np.float32]:
    """Mix in the film with its histogram equalised in tiles (CLAHE)."""
    tiles = int(chance.integers(3, 9))
    equal = cv2.createCLAHE(float(chance.uniform(2, 6)), (tiles, 2 * tiles)).apply(stretched(image, inside))
    share = np.float32(chance.uniform(0.2, 1))
    return ((1 - share) * image + share * equal).astype(np.float32)


def _curve(tissue: NDArray[np.uint8], chance: np.random.Generator) -> NDArray[np.uint8]:
    """An increasing curve: to a drawn median, or with a drawn gamma; then an S or its inverse."""
    if chance.random() < 0.6:
        median = float(np.clip(np.median(tissue) / 255, 0.1, 0.9))
        gamma = np.log(chance.uniform(0.2, 0.6)) / np.log(median)
    else:
        gamma = np.exp(chance.uniform(-0.5, 0.9))
    return tone_curve(gamma, chance.uniform(-0.6, 0.6))
