"""Finds small bright spots in scale space, with features that distinguish calcifications from grain and lines."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo_worker.calcifications.images import SPACING

FEATURES = 16
_SIGMAS = (0.7, 1.0, 1.4, 2.0, 2.8)  # of the differences of Gaussians, in pixels, for spots of 0.15 to 0.6 mm
_RATIO = 1.6  # of the wider to the narrower Gaussian, the best approximation of the Laplacian (Marr and Hildreth, 1980)
_NEIGHBOURHOOD = 25.0  # pixels; noise is measured in the surrounding tissue
_LEAST = 3.0  # noise standard deviations
_MOST_PER_CM2 = 60.0
_APART = 7  # least distance of spots in pixels, so that a coarse calcification is one spot
_BORDER = 3  # pixels along the edge of the tissue that are not searched
_DETAIL = 15  # pixels; wider structures are not spots
_ANGLES = np.arange(8) * np.pi / 4


@dataclass(frozen=True)
class Spots:
    """Spots of an image.

    Attributes:
        points: Positions (N, 2) of x, y in pixels of the searched image.
        features: Features (N, FEATURES), independent of the gain of the grey.
    """

    points: NDArray[np.float32]
    features: NDArray[np.float32]


def find_spots(grey: NDArray[np.floating], inside: NDArray[np.bool_] | None = None) -> Spots:
    """Find the spots of an image with `SPACING` mm per pixel, strongest first.

    Args:
        grey: (height, width), tissue bright.
        inside: Mask of the tissue; None for the whole image.
    """
    grey = np.asarray(grey, np.float32)
    inside = np.ones(grey.shape, bool) if inside is None else inside
    bands = [_blurred(grey, s) - _blurred(grey, _RATIO * s) for s in _SIGMAS]
    noises = [_noise(band, inside) for band in bands]
    strengths = np.stack([band / noise for band, noise in zip(bands, noises, strict=True)])
    strongest = strengths.max(axis=0)
    peaks = (strongest >= cv2.dilate(strongest, np.ones((_APART, _APART), np.uint8))) & (strongest > _LEAST)
    element = np.ones((2 * _BORDER + 1,) * 2, np.uint8)
    peaks &= cv2.erode(inside.astype(np.uint8), element, borderType=cv2.BORDER_CONSTANT, borderValue=(0.0,)) > 0
    y, x = np.nonzero(peaks)
    most = max(10, int(_MOST_PER_CM2 * inside.sum() * SPACING**2 / 100))
    kept = np.argsort(-strongest[y, x], kind="stable")[:most]
    y, x = y[kept], x[kept]
    return Spots(np.stack([x, y], axis=1).astype(np.float32), _features(grey, noises, strengths, x, y))


def _blurred(grey: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    return cv2.GaussianBlur(grey, (0, 0), sigma, borderType=cv2.BORDER_REFLECT).astype(np.float32)


def _noise(band: NDArray[np.float32], inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Local standard deviation of a band with outliers clipped, because spots are not noise."""
    overall = 1.4826 * float(np.median(np.abs(band[inside]))) if inside.any() else 0.0
    overall = max(overall, 1e-3)
    weights = _blurred(inside.astype(np.float32), _NEIGHBOURHOOD)
    squares = _blurred(np.minimum(band**2, (3 * overall) ** 2) * inside, _NEIGHBOURHOOD)
    return np.sqrt(np.maximum(squares / np.maximum(weights, 1e-3), (overall / 2) ** 2))


def _features(
    grey: NDArray[np.float32],
    noises: Sequence[NDArray[np.float32]],
    strengths: NDArray[np.float32],
    x: NDArray[np.intp],
    y: NDArray[np.intp],
) -> NDArray[np.float32]:
    if len(x) == 0:
        return np.zeros((0, FEATURES), np.float32)
    own = strengths[:, y, x].T
    best = own.argmax(axis=1)
    columns = [own, best[:, None].astype(np.float32)]
    fine, noise = _blurred(grey, _SIGMAS[0]), noises[1][y, x]
    centre = fine[y, x]
    for distance in (2.5, 5.0):
        ring = np.stack(
            [
                cv2.remap(
                    fine,
                    (x + distance * np.cos(a)).astype(np.float32)[None],
                    (y + distance * np.sin(a)).astype(np.float32)[None],
                    cv2.INTER_LINEAR,
                    borderMode=cv2.BORDER_REFLECT,
                )[0]
                for a in _ANGLES
            ],
            axis=1,
        )
        steps = np.sort((centre[:, None] - ring) / noise[:, None], axis=1)
        # The smallest step distinguishes a spot from a line; the median measures its height.
        columns.append(np.stack([steps[:, 0], steps[:, 2], np.median(steps, axis=1)], axis=1))
    detail = cv2.morphologyEx(fine, cv2.MORPH_TOPHAT, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_DETAIL,) * 2))
    wide = np.abs(_blurred(grey, 6.0) - _blurred(grey, 12.0))[y, x] / noise
    rough = noises[0][y, x] / noises[-1][y, x]
    height = detail[y, x] / noise
    columns.append(np.stack([height, wide, rough, height / (1 + own[:, -1].clip(0))], axis=1))
    return np.concatenate(columns, axis=1).astype(np.float32)
