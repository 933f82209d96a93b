"""Connected regions of a picture, and sliding extremes, with NumPy alone."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Regions:
    """Regions of touching pixels, including diagonal ones; each array has one entry per region.

    Attributes:
        left, top, right, bottom: Sides of their rectangles; `right` and `bottom` are excluded.
        area: Areas in pixels.
        runs: Region, row, first column and end column (excluded) of each run of pixels.
    """

    left: NDArray[np.int64]
    top: NDArray[np.int64]
    right: NDArray[np.int64]
    bottom: NDArray[np.int64]
    area: NDArray[np.int64]
    runs: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


def regions(found: NDArray[np.bool_], most_runs: int) -> Regions | None:
    """Find regions; None if there are more than `most_runs` runs of pixels, as in noise.

    Args:
        found: Mask (height, width).
        most_runs: Largest number of runs, which limits the time.
    """
    steps = np.diff(np.pad(found, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(steps == 1)
    ends = np.nonzero(steps == -1)[1]
    if len(rows) > most_runs:
        return None
    named = _label_runs(rows, starts, ends, found.shape[0])
    count = int(named.max()) + 1 if len(named) else 0
    left, top = np.full(count, found.shape[1]), np.full(count, found.shape[0])
    right, bottom, area = (np.zeros(count, np.int64) for _ in range(3))
    np.minimum.at(left, named, starts)
    np.minimum.at(top, named, rows)
    np.maximum.at(right, named, ends)
    np.maximum.at(bottom, named, rows + 1)
    np.add.at(area, named, ends - starts)
    return Regions(left, top, right, bottom, area, (named, rows, starts, ends))


def _label_runs(
    rows: NDArray[np.int64], starts: NDArray[np.int64], ends: NDArray[np.int64], height: int
) -> NDArray[np.int64]:
    """The region of each run: touching runs of neighbouring rows belong to the same region."""
    owner = list(range(len(rows)))

    def root(run: int) -> int:
        while owner[run] != run:
            owner[run] = owner[owner[run]]
            run = owner[run]
        return run

    first, last = starts.tolist(), ends.tolist()
    borders = np.searchsorted(rows, np.arange(height + 1)).tolist()
    for row in range(1, height):
        above, here = borders[row - 1], borders[row]
        while above < borders[row] and here < borders[row + 1]:
            if first[above] <= last[here] and first[here] <= last[above]:
                owner[root(here)] = root(above)
            if last[above] < last[here]:
                above += 1
            else:
                here += 1
    roots = np.array([root(run) for run in range(len(owner))], np.int64)
    return np.unique(roots, return_inverse=True)[1].astype(np.int64)


def mask_of(found: Regions, region: int, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """The mask of one region."""
    mask = np.zeros(shape, bool)
    named, rows, starts, ends = found.runs
    for run in np.flatnonzero(named == region):
        mask[rows[run], starts[run] : ends[run]] = True
    return mask


def sliding_extreme(pixels: NDArray[Any], side: int, extreme: np.ufunc) -> NDArray[Any]:
    """The smallest or largest value in a square around each pixel.

    Args:
        pixels: Pixels (height, width).
        side: Side of the square, odd.
        extreme: `np.minimum` or `np.maximum`.
    """
    for axis in (0, 1):
        padding = [(0, 0), (0, 0)]
        padding[axis] = (side // 2, side // 2)
        moved = np.moveaxis(np.pad(pixels, padding, mode="edge"), axis, 0)
        reach = 1
        while 2 * reach <= side:
            moved = extreme(moved[:-reach], moved[reach:])
            reach *= 2
        if reach < side:
            moved = extreme(moved[: reach - side], moved[side - reach :])
        pixels = np.moveaxis(moved, 0, axis)
    return pixels
