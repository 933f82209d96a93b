"""Detects frames around a film: white ones of scanners, grey ones of collimators, saturated corners."""

import cv2
import numpy as np
from numpy.typing import NDArray

_REACH = 0.12  # share of a side; no frame is wider
_STUB = 0.08  # share of the longer side; extent of a saturated corner
_BRIGHT, _SATURATED = 0.77, 0.96
_BRIGHT_SHARE = 0.6  # as a share of a line
_FLAT = 0.06  # share of the range, from a line's 15th to its 85th percentile
_STEP, _STEP_LINES = 0.08, 4  # share of the range, in the median between lines at this distance
_BACKGROUND = 0.1  # a darker flat line is the film's own background


def without_frames(small: NDArray[np.floating], grey: NDArray[np.floating], beyond: float) -> NDArray[np.bool_]:
    """Mask without frames: lines at an edge that are bright or of uniform grey, and saturated corners.

    Args:
        small: Film (height, width) as stored.
        grey: Grey values, 0 at the background and 1 at the brightest tissue.
        beyond: Stored value from which nothing is tissue; markers can be much brighter than frames.
    """
    darkest, brightest = np.percentile(small[small <= beyond], [0.5, 99.9])
    white = np.clip((small - darkest) / max(float(brightest - darkest), 1e-6), 0, 1)
    top, left = 0, 0
    bottom, right = grey.shape
    for _ in range(2):  # a second time, for lines that end in the frame of another side
        rows, columns = slice(top, bottom), slice(left, right)
        part = np.stack([grey, white])[:, rows, columns]
        limit = (_limit(grey.shape[0]), _limit(grey.shape[1]))
        top += _frame_depth(part, limit[0])
        bottom -= _frame_depth(part[:, ::-1], limit[0])
        left += _frame_depth(part.swapaxes(1, 2), limit[1])
        right -= _frame_depth(part[:, :, ::-1].swapaxes(1, 2), limit[1])
    keep = np.zeros(grey.shape, bool)
    keep[top:bottom, left:right] = True
    return keep & ~_stubs(white, keep)


def _limit(length: int) -> int:
    return int(_REACH * length)


def _frame_depth(lines: NDArray[np.floating], limit: int) -> int:
    """Number of outermost lines (the first ones) that a frame covers, including its blurred rim."""
    grey, white = lines[:, : limit + 1]
    if grey.size == 0:
        return 0
    low, middle, high = np.percentile(grey, [15, 50, 85], axis=1)
    bright = (white > _BRIGHT).mean(axis=1) > _BRIGHT_SHARE
    flat = (high - low < _FLAT) & (middle > _BACKGROUND)
    framed = np.flatnonzero(bright | flat)
    for line in framed[::-1]:  # a frame ends with a step; bright tissue along the chest wall fades
        beyond = min(line + _STEP_LINES, len(white) - 1)
        if max(np.median(np.abs(part[beyond] - part[line])) for part in (grey, white)) > _STEP:
            return int(line) + 2
    return 0


def _stubs(white: NDArray[np.floating], keep: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Saturated regions that touch the edge, or a frame at the edge."""
    edge = int(_STUB * max(white.shape))
    saturated = ((white > _SATURATED) | ~keep).astype(np.uint8)
    saturated[edge:-edge, edge:-edge] = 0
    _, labels = cv2.connectedComponents(saturated)
    rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    touching = np.isin(labels, np.unique(rim[rim > 0]))
    return cv2.dilate(touching.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
