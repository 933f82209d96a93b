"""Frames around a film: white ones of scanners, grey ones of collimators, stubs of either in the corners."""

import cv2
import numpy as np
from numpy.typing import NDArray

_REACH = 0.12  # of a side: no frame is wider
_STUB = 0.08  # of the longer side: how far a saturated corner reaches into the film
_BRIGHT, _SATURATED = 0.77, 0.96
_BRIGHT_SHARE = 0.6  # of a line
_FLAT = 0.06  # of the range, from a line's 15th to its 85th percentile
_STEP, _STEP_LINES = 0.08, 4  # of the range, between lines so far from each other, in the median
_BACKGROUND = 0.1  # a flat line that is darker than this is the film's own background


def without_frames(small: NDArray[np.floating], grey: NDArray[np.floating], beyond: float) -> NDArray[np.bool_]:
    """True where no frame is: lines at an edge that are bright or all of one grey, and saturated stubs at an edge.

    Args:
        small: (height, width), as stored.
        grey: The same, 0 at the background and 1 at the brightest tissue.
        beyond: From this stored value on nothing is tissue; markers may be much brighter than frames.
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
    """How many of the outermost lines (first ones) a frame covers, its blurred rim among them."""
    grey, white = lines[:, : limit + 1]
    if grey.size == 0:
        return 0
    low, middle, high = np.percentile(grey, [15, 50, 85], axis=1)
    bright = (white > _BRIGHT).mean(axis=1) > _BRIGHT_SHARE
    flat = (high - low < _FLAT) & (middle > _BACKGROUND)
    framed = np.flatnonzero(bright | flat)
    for line in framed[::-1]:  # a frame ends in a step; bright tissue along the chest wall fades
        beyond = min(line + _STEP_LINES, len(white) - 1)
        if max(np.median(np.abs(part[beyond] - part[line])) for part in (grey, white)) > _STEP:
            return int(line) + 2
    return 0


def _stubs(white: NDArray[np.floating], keep: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Saturated spots that touch the edge, or a frame at it."""
    edge = int(_STUB * max(white.shape))
    saturated = ((white > _SATURATED) | ~keep).astype(np.uint8)
    saturated[edge:-edge, edge:-edge] = 0
    _, labels = cv2.connectedComponents(saturated)
    rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    touching = np.isin(labels, np.unique(rim[rim > 0]))
    return cv2.dilate(touching.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
