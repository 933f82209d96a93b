"""Finds the part of a film that a viewer or a report shows: the breast without background, frames and labels."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lobule.contracts.result import Box, BreastArea, Hanging
from lobule.imaging.hanging import points_in_file

_COARSE = 256  # longest side of the searched copy, in pixels
_BACKGROUND = 0.02  # share of all pixels that are as dark as the background on every film
_BLACK = 0.25  # share of the brightest tissue; a brighter background can be tissue
_FAINTEST = 0.015  # share of the range; skin is hardly brighter than the background
_MARGIN = 0.015  # margin around the breast, as a share of the longer side
_LEAST = 0.05  # share of the film; anything smaller is a label, not a breast
_PART = 0.01  # of the film: a smaller region is a label or dirt, a larger one may be tissue that dark fat cuts off
_THIN = 2  # pixels to each side: lines no wider than twice as much join the breast with frames and edges of the scan
_WHITE = 0.9  # of the range of grey values: where most of what is bright is as bright, it is no tissue
_REACH, _BRIGHT, _SHARE, _STEP, _BEYOND = 0.12, 0.77, 0.6, 0.08, 4  # as the network's frames are cut (films/frames.py)

Edges = tuple[float, float, float, float]
"""Left, top, right and bottom."""


@dataclass(frozen=True)
class HungArea:
    """The place of the breast on a hung film, in its pixels.

    Attributes:
        edges: Edges around everything that can be tissue, with a margin.
        tips: The leftmost and rightmost points (x, y) of its outline.
    """

    edges: Edges
    tips: tuple[tuple[float, float], tuple[float, float]]


def breast_area(film: NDArray[Any]) -> HungArea | None:
    """Find the part of a film that is worth showing: everything that is brighter than a black background.

    Specks, thin lines, white frames and labels beside the breast are left out.

    Args:
        film: Measured values (height, width) as the film hangs, tissue bright; a window can have made tissue black.

    Returns:
        None if there is no breast, or doubt: if the background is not black, or if the bright area is evenly white,
        such as the background of a negative.
    """
    small = _shrunk(film)
    height, width = small.shape
    least, part = _LEAST * small.size, _PART * small.size
    ordered = np.sort(small, axis=None).astype(float)
    dark, bright, brightest = (ordered[int(share * (small.size - 1))] for share in (_BACKGROUND, 0.99, 0.999))
    inner = _without_frame(small, dark, brightest)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        _opened((small > dark + _FAINTEST * (bright - dark)) & inner), connectivity=4
    )
    found = [number for number in range(1, count) if stats[number, cv2.CC_STAT_AREA] >= part]
    if dark > _BLACK * bright or all(stats[number, cv2.CC_STAT_AREA] < least for number in found):
        return None
    largest = max(found, key=lambda number: stats[number, cv2.CC_STAT_AREA])
    kept = stats[[number for number in found if not _is_label(stats[number], stats[largest], least)]]
    white = (small > dark + _WHITE * (bright - dark)) & inner
    if white.sum() > kept[:, cv2.CC_STAT_AREA].sum() / 2:
        return None
    starts = kept[:, [cv2.CC_STAT_LEFT, cv2.CC_STAT_TOP]]
    ends = starts + kept[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    margin = _MARGIN * max(width, height)
    left, top = (max(0.0, float(edge) - margin) for edge in starts.min(axis=0))
    right, bottom = (
        min(float(room), float(edge) + margin) for edge, room in zip(ends.max(axis=0), (width, height), strict=True)
    )
    across, down = film.shape[1] / width, film.shape[0] / height
    tips = [(x * across, y * down) for x, y in _tips(labels == largest)]
    return HungArea((left * across, top * down, right * across, bottom * down), (tips[0], tips[1]))


def area_in_file(
    area: HungArea | None, hanging: Hanging | None, copy: tuple[int, ...], shape: tuple[int, ...]
) -> BreastArea | None:
    """Convert an area that was found on a copy of a film to pixels of the file.

    Args:
        area: Area on the hung copy.
        hanging: Rotation and mirroring of the film.
        copy: Shape (height, width) of the copy before it is turned.
        shape: Shape (height, width) of the film.
    """
    if area is None:
        return None
    left, top, right, bottom = area.edges
    points = points_in_file(np.array([(left, top), (right, bottom), *area.tips]), hanging, copy)
    points *= np.array([shape[1] / copy[1], shape[0] / copy[0]])
    (x1, y1), (x2, y2) = points[:2].min(axis=0), points[:2].max(axis=0)
    box = Box(x=float(x1), y=float(y1), width=float(x2 - x1), height=float(y2 - y1))
    return BreastArea(box=box, tips=[(float(x), float(y)) for x, y in points[2:]])


def _shrunk(film: NDArray[Any]) -> NDArray[Any]:
    scale = min(1.0, _COARSE / max(film.shape))
    size = (max(1, round(film.shape[1] * scale)), max(1, round(film.shape[0] * scale)))
    return cv2.resize(film, size, interpolation=cv2.INTER_AREA)


def _without_frame(small: NDArray[Any], dark: float, bright: float) -> NDArray[np.bool_]:
    """Mask without a scanner's white frame: lines at an edge that are mostly bright and end with a step.

    Bright tissue at the chest wall fades instead.
    """
    grey = (small - dark) / max(bright - dark, 1.0)
    height, width = grey.shape
    inner = np.zeros(grey.shape, bool)
    top, bottom = _frame_depth(grey), height - _frame_depth(grey[::-1])
    left, right = _frame_depth(grey.T), width - _frame_depth(grey.T[::-1])
    inner[top:bottom, left:right] = True
    return inner


def _frame_depth(lines: NDArray[np.floating]) -> int:
    """Number of outermost lines (the first ones) that a frame covers, including its blurred rim."""
    limit = int(_REACH * len(lines))
    for at in range(limit, -1, -1):
        if (lines[at] > _BRIGHT).mean() > _SHARE:
            steps = np.sort(np.abs(lines[min(at + _BEYOND, limit)] - lines[at]))
            if steps[len(steps) // 2] > _STEP:
                return at + 2
    return 0


def _opened(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Remove thin parts of a mask; the edges of the film count as background."""
    square = np.ones((2 * _THIN + 1, 2 * _THIN + 1), np.uint8)
    worn = cv2.erode(mask.astype(np.uint8), square, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return cv2.dilate(worn, square).astype(np.uint8)


def _is_label(region: NDArray[np.int32], largest: NDArray[np.int32], least: float) -> bool:
    """Whether a region is small and beside the breast; those above or below it may be its axilla."""
    if region[cv2.CC_STAT_AREA] >= least:
        return False
    (x, width), (its_x, its_width) = ((each[cv2.CC_STAT_LEFT], each[cv2.CC_STAT_WIDTH]) for each in (region, largest))
    shared = min(x + width, its_x + its_width) - max(x, its_x)
    return shared < width / 2


def _tips(region: NDArray[np.bool_]) -> list[tuple[float, float]]:
    """The leftmost and rightmost points of a region, in the middle of these rows."""
    columns = np.flatnonzero(region.any(axis=0))
    left, right = int(columns[0]), int(columns[-1])
    return [
        (float(edge), float(np.flatnonzero(region[:, column]).mean()) + 0.5)
        for column, edge in ((left, left), (right, right + 1))
    ]
