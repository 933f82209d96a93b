"""Converts a cropped region to the region classifier's input."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

NATIVE_SPACING = 0.05  # mm per pixel, as in the training crops
CHANNELS = 3  # grey, grey stretched to the region's own range, and fine bright detail
SIZE_FEATURES = 2
_LARGEST_ENLARGEMENT = 1.5
_DETAIL_WIDTH = 15  # film pixels (0.75 mm at 0.05 mm per pixel); narrower structures are detail
_DETAIL_GAIN = 4.0
_TYPICAL_SIDE = 350.0  # film pixels
_LARGEST = 4000  # sides of a region, native pixels


@dataclass(frozen=True)
class PreparedRegion:
    """A region as the classifier's input.

    Attributes:
        canvas: uint8 (side, side, 3), the region in the middle of a black canvas.
        size: (2,): log2 of its longer side over a typical one, and log2 of its elongation. The canvas does not show the
            size, because large regions are shrunk.
    """

    canvas: NDArray[np.uint8]
    size: NDArray[np.float32]


def prepare_region(grey: NDArray[Any], native_size: tuple[int, int], side: int) -> PreparedRegion:
    """Place a region on a square canvas.

    Small regions are enlarged at most by half, so that the scale stays close to the film's. Fine detail is computed
    before a large region is shrunk, and by its brightest pixel, so that calcifications of one or two pixels are
    preserved.

    Args:
        grey: uint8 (height, width), tissue bright.
        native_size: Height and width of the region in pixels of 0.05 mm.
        side: Side of the canvas.
    """
    grey = grey.astype(np.uint8)
    scale = min(side / max(grey.shape), _LARGEST_ENLARGEMENT)
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(grey, size, interpolation=method)
    detail = cv2.resize(_fine_detail(grey, scale), size, interpolation=method)
    low, high = np.percentile(small, [1, 99])
    stretched = np.clip((small.astype(np.float32) - low) / max(float(high - low), 8.0), 0, 1) * 255
    canvas = np.zeros((side, side, CHANNELS), np.uint8)
    y, x = (side - size[1]) // 2, (side - size[0]) // 2
    canvas[y : y + size[1], x : x + size[0]] = np.stack([small, stretched.astype(np.uint8), detail], axis=-1)
    return PreparedRegion(canvas, size_features(native_size))


def squared(grey: NDArray[Any], spacing: tuple[float, float]) -> tuple[NDArray[Any], float]:
    """A region with square pixels, and their spacing in mm: the finer of those between rows and between columns."""
    rows, columns = spacing
    finer = min(spacing)
    size = (max(1, round(grey.shape[1] * columns / finer)), max(1, round(grey.shape[0] * rows / finer)))
    return (grey if size == grey.shape[::-1] else cv2.resize(grey, size, interpolation=cv2.INTER_CUBIC)), finer


def region_at(grey: NDArray[Any], spacing: float, side: int) -> PreparedRegion:
    """Place a region of an image of any scale on a canvas, at the scale of the training crops.

    Args:
        grey: Grey values (height, width), 0 to 255, tissue bright.
        spacing: Spacing in mm per pixel.
        side: Side of the canvas.
    """
    factor = min(spacing / NATIVE_SPACING, _LARGEST / max(grey.shape))
    if abs(factor - 1) > 0.2:
        size = (max(4, round(grey.shape[1] * factor)), max(4, round(grey.shape[0] * factor)))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)
    return prepare_region(np.clip(grey, 0, 255).round().astype(np.uint8), grey.shape[:2], side)


def size_features(native_size: tuple[int, int]) -> NDArray[np.float32]:
    """See `PreparedRegion.size`."""
    longer, shorter = max(native_size), max(1, min(native_size))
    return np.array([np.log2(longer / _TYPICAL_SIDE), np.log2(longer / shorter)], np.float32)


def _fine_detail(grey: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_DETAIL_WIDTH, _DETAIL_WIDTH))
    detail = cv2.morphologyEx(grey, cv2.MORPH_TOPHAT, element)
    reach = round(1 / scale)
    if reach > 1:
        detail = cv2.dilate(detail, np.ones((reach, reach), np.uint8))
    return np.clip(detail.astype(np.float32) * _DETAIL_GAIN, 0, 255).astype(np.uint8)
