"""The input gate: cheap checks that every scanned or digital mammogram passes."""

import cv2
import numpy as np

from lobule.errors import AnalysisError
from lobule.imaging.film import Film
from mammo_worker.films.breast import Breast, find_breast
from mammo_worker.films.several import several_films

MAX_SIDES_RATIO = 6.0  # ratio of the longer side to the shorter; scanned films have up to 3
MAX_COLOURFULNESS = 0.03
MAX_BREAST_SHARE = 0.97
MIN_BREAST_SHARE = 0.03
MAX_BACKGROUND = 0.35  # share of the tissue's brightness; outside the breast a film is dark
MAX_ROUGHNESS = 0.06  # share of the range; at low resolution tissue is smooth, unlike text, cells and most photographs
_SIDE = 256


def check_shape(film: Film) -> None:
    """Refuse a strip, whose thumbnail would be many times as wide as a film's.

    Raises:
        AnalysisError: `not_mammogram`.
    """
    height, width = film.pixels.shape
    if max(height, width) > MAX_SIDES_RATIO * min(height, width):
        raise AnalysisError("not_mammogram", "strip", width=width, height=height)


def check_mammogram(film: Film, breast: Breast | None = None) -> None:
    """Refuse an image that is not a mammogram.

    Args:
        film: The film as read.
        breast: The breast, if it was found already.

    Raises:
        AnalysisError: `not_mammogram` with the reason, or `several_films`.
    """
    breast = breast or find_breast(film.pixels, film.valid)
    reason = not_a_mammogram(film, breast)
    if reason:
        raise AnalysisError("not_mammogram", reason)
    if several_films(breast):
        raise AnalysisError("several_films")


def not_a_mammogram(film: Film, breast: Breast | None = None) -> str | None:
    """The reason why an image is not a mammogram; None if it can be one."""
    if film.colourfulness > MAX_COLOURFULNESS:
        return "colour"
    breast = breast or find_breast(film.pixels, film.valid)
    mask, grey = breast.mask, breast.grey
    if not MIN_BREAST_SHARE <= breast.share <= MAX_BREAST_SHARE:
        return "no_breast"
    outside = ~cv2.dilate(mask.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)
    # Use a low percentile, because a white frame or label can fill much of the background.
    if outside.any() and float(np.percentile(grey[outside], 25)) > MAX_BACKGROUND * float(np.median(grey[mask])):
        return "bright_background"
    thumbnail = cv2.resize(grey, (_SIDE * mask.shape[1] // mask.shape[0], _SIDE), interpolation=cv2.INTER_AREA)
    inner = cv2.erode(mask.astype(np.uint8), np.ones((25, 25), np.uint8))
    inner = cv2.resize(inner, thumbnail.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    if inner.any() and roughness(thumbnail, inner) > MAX_ROUGHNESS:
        return "texture"
    return None


def roughness(grey: np.ndarray, inside: np.ndarray) -> float:
    """Mean distance of a picture from its smoothed copy within `inside`."""
    return float(np.abs(grey - cv2.GaussianBlur(grey, (0, 0), 1.5))[inside].mean())
