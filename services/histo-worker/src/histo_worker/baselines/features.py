"""Twelve features of a field's nuclei: two of texture and ten of shape (George et al., IEEE Systems Journal 2014)."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects

RGB8 = NDArray[np.uint8]
Float = NDArray[np.floating]

NAMES = (
    "texture_mean",
    "texture_deviation",
    "area",
    "perimeter",
    "equivalent_diameter",
    "compactness",
    "eccentricity",
    "solidity",
    "extent",
    "major_axis",
    "minor_axis",
    "smoothness",
)
_MIN_AREA, _MAX_AREA = 15, 2000  # pixels; smaller regions are debris, larger ones several nuclei


def nuclei_features(field: RGB8, labels: NDArray[np.integer]) -> Float:
    """Mean and deviation of each of `NAMES` over the nuclei, and the share of the field that they cover.

    Args:
        field: uint8 (height, width, 3).
        labels: (height, width), 0 for background, other values number the nuclei.

    Returns:
        (2 * len(NAMES) + 1,); zeros if there is no nucleus.
    """
    covered = float((labels > 0).mean())
    table = _describe(field.mean(axis=2), labels)
    if not len(table):
        return np.r_[np.zeros(2 * len(NAMES)), covered]
    return np.r_[table.mean(axis=0), table.std(axis=0), covered]


def _describe(grey: Float, labels: NDArray[np.integer]) -> Float:
    """`NAMES` of each nucleus of a plausible size, (nuclei, len(NAMES)).

    Sums are computed for all nuclei at once; only outlines are traced one by one, so that a data set takes minutes.
    """
    y, x = np.nonzero(labels)
    place = labels[y, x].astype(np.intp)

    def total(values: NDArray[Any] | None = None) -> NDArray[Any]:
        return np.bincount(place, values, minlength=int(labels.max()) + 1)[1:]

    area = np.maximum(total(), 1)
    centre_y, centre_x = total(y) / area, total(x) / area
    from_y, from_x = y - centre_y[place - 1], x - centre_x[place - 1]
    inside = grey[y, x]
    mean = total(inside) / area
    deviation = np.sqrt(np.maximum(total(inside**2) / area - mean**2, 0))
    yy, xx, xy = (total(v) / area for v in (from_y**2, from_x**2, from_x * from_y))
    yy, xx = yy + 1 / 12, xx + 1 / 12  # a pixel is a square, not a point
    spread = np.sqrt((xx - yy) ** 2 / 4 + xy**2)
    major, minor = (xx + yy) / 2 + spread, np.maximum((xx + yy) / 2 - spread, 1e-9)
    radius = np.hypot(from_y, from_x)
    radius_mean = np.maximum(total(radius) / area, 1e-6)
    radius_deviation = np.sqrt(np.maximum(total(radius**2) / area - radius_mean**2, 0))
    perimeter, hull, box = _outlines(labels)
    columns = (
        mean, deviation, area, perimeter, np.sqrt(4 * area / np.pi), perimeter**2 / (4 * np.pi * area),
        np.sqrt(np.maximum(1 - minor / major, 0)), area / np.maximum(hull, area), area / box,
        4 * np.sqrt(major), 4 * np.sqrt(minor), radius_deviation / radius_mean,
    )  # fmt: skip
    return np.stack(columns, axis=1)[(area >= _MIN_AREA) & (area <= _MAX_AREA)]


def _outlines(labels: NDArray[np.integer]) -> tuple[Float, Float, Float]:
    """Perimeter, area of the convex hull, and area of the bounding box, by label; pixels are squares."""
    boxes = find_objects(labels)
    perimeter, hull, box = np.ones(len(boxes)), np.ones(len(boxes)), np.ones(len(boxes))
    for index, window in enumerate(boxes):
        if window is None:
            continue
        mask = np.pad((labels[window] == index + 1).astype(np.uint8), 1)
        box[index] = (mask.shape[0] - 2) * (mask.shape[1] - 2)
        outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        outline = max(outlines, key=len)
        around = cv2.convexHull(outline)
        # OpenCV measures between pixel centres; add a strip of length `perimeter` and width 1/2 for the half pixel
        # around it.
        perimeter[index] = max(cv2.arcLength(outline, closed=True), 1.0)
        hull[index] = cv2.contourArea(around) + cv2.arcLength(around, closed=True) / 2 + 1
    return perimeter, hull, box
