"""Finds the part of a film that a viewer or a report shows: the breast without background, frames and labels."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lobule.contracts.result import Box, BreastArea, Hanging
from mammo_worker.films.hanging import points_in_file

_COARSE = 256  # pixels: the copy that is searched has no longer side
_BACKGROUND = 0.02  # of all pixels are as dark as the background, whatever the film shows
_BLACK = 0.25  # of the brightest tissue: a background that is brighter may be tissue
_FAINTEST = 0.015  # of the range of grey values: skin is hardly brighter than the background
_MARGIN = 0.015  # of the longer side, around what was found
_LEAST = 0.05  # of the film: anything smaller is a label, not a breast
_PART = 0.01  # of the film: a smaller region is a label or dirt, a larger one may be tissue that dark fat cuts off
_MOST = 0.95  # of both sides: nothing worth cropping is left
_THIN = 2  # pixels to each side: lines no wider than twice as much join the breast with frames and edges of the scan
_WHITE = 0.9  # of the range of grey values: where most of what is bright is as bright, it is no tissue
_REACH, _BRIGHT, _SHARE, _STEP, _BEYOND = 0.12, 0.77, 0.6, 0.08, 4  # as the network's frames are cut (films/frames.py)

Edges = tuple[float, float, float, float]
"""Left, top, right and bottom."""


@dataclass(frozen=True)
class HungArea:
    """Where the breast is on a film as it hangs, in pixels of it.

    Attributes:
        edges: Around everything that may be tissue, with a margin.
        tips: The (x, y) where its outline reaches furthest to the left and to the right.
    """

    edges: Edges
    tips: tuple[tuple[float, float], tuple[float, float]]


def breast_area(film: NDArray[Any]) -> HungArea | None:
    """Find the part of a film that is worth showing: everything that is brighter than a black background.

    Specks, thin lines, white frames and labels beside the breast are left out.

    Args:
        film: Measured values (height, width) as the film hangs, tissue bright; a window may have made tissue black.

    Returns:
        None if there is no breast, nothing to crop, or doubt: if the background is not black, or if what is bright is
        evenly white, such as the background of a film on which tissue is dark.
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
    if right - left >= _MOST * width and bottom - top >= _MOST * height:
        return None
    across, down = film.shape[1] / width, film.shape[0] / height
    tips = [(x * across, y * down) for x, y in _tips(labels == largest)]
    return HungArea((left * across, top * down, right * across, bottom * down), (tips[0], tips[1]))


def area_in_file(
    area: HungArea | None, hanging: Hanging | None, copy: tuple[int, ...], shape: tuple[int, ...]
) -> BreastArea | None:
    """An area that was found on a copy of a film, in pixels of the file.

    Args:
        area: On the copy as it hangs.
        hanging: How the film is turned.
        copy: (height, width) of the copy that is not turned.
        shape: The same of the film.
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
    """False at the white frame of a scanner: lines at an edge that are mostly bright and end in a step.

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
    """How many of the outermost lines (first ones) a frame covers, its blurred rim among them."""
    limit = int(_REACH * len(lines))
    for at in range(limit, -1, -1):
        if (lines[at] > _BRIGHT).mean() > _SHARE:
            steps = np.sort(np.abs(lines[min(at + _BEYOND, limit)] - lines[at]))
            if steps[len(steps) // 2] > _STEP:
                return at + 2
    return 0


def _opened(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """A mask without what is thin; the edges of the film count as background."""
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
    """Where a region reaches furthest to the left and to the right, in the middle of these rows."""
    columns = np.flatnonzero(region.any(axis=0))
    left, right = int(columns[0]), int(columns[-1])
    return [
        (float(edge), float(np.flatnonzero(region[:, column]).mean()) + 0.5)
        for column, edge in ((left, left), (right, right + 1))
    ]
