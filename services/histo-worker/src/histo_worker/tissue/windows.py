"""Cuts a field into squares of 64 pixels at 3 micrometres per pixel, in bands, so that memory stays bounded."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from histo_worker.preprocessing.channels import channel_mean
from histo_worker.preprocessing.glass import BRIGHT
from histo_worker.preprocessing.stain import optical_density
from histo_worker.preprocessing.windows import resize_area
from histo_worker.tissue.network import SIDE, UM_PER_PIXEL

RGB8 = NDArray[np.uint8]
Float = NDArray[np.float32]

CELL = 4
"""Pixels at `UM_PER_PIXEL` that a cell of a map covers: 12 micrometres."""
_STEP = SIDE // 2
MOST_SQUARES = 6000
"""Largest number of squares of a field; beyond it, squares do not overlap, and of still larger fields they have
gaps."""
_TISSUE_OD = 0.12
LEAST_TISSUE = 0.05
"""A square with a smaller share of tissue is glass, and is not read."""


class Band(NamedTuple):
    """The squares of one row.

    Attributes:
        y: Their upper edge, in pixels at `UM_PER_PIXEL`.
        xs: Their left edges.
        patches: uint8 (n, SIDE, SIDE, 3).
        tissue: Share of tissue by cell, from 0 to 1, (SIDE / CELL, columns / CELL).
    """

    y: int
    xs: list[int]
    patches: RGB8
    tissue: Float


def scaled_size(height: int, width: int, um_per_pixel: float) -> tuple[int, int]:
    """Rows and columns of a field at `UM_PER_PIXEL`; a field smaller than a square is mirrored to its size."""
    factor = um_per_pixel / UM_PER_PIXEL
    return max(SIDE, round(height * factor)), max(SIDE, round(width * factor))


def bands(field: RGB8, um_per_pixel: float, glass: int = BRIGHT) -> Iterator[Band]:
    """Yield the rows of squares that cover a field, without squares of glass.

    Args:
        field: uint8 (height, width, 3).
        um_per_pixel: Micrometres per pixel of the field.
        glass: Value from which its pixels are glass, from `glass_from`.
    """
    height, width = field.shape[:2]
    least = max(_TISSUE_OD, float(optical_density(np.array(glass, np.uint8))))
    rows, columns = scaled_size(height, width, um_per_pixel)
    down, across = _counts(rows, columns)
    xs = _spread(columns, across)
    for y in _spread(rows, down):
        band = _band(field, um_per_pixel, y, columns)
        density = channel_mean(optical_density(band))
        cells = (density > least).astype(np.float32)
        tissue = cells[:, : columns // CELL * CELL].reshape(SIDE // CELL, CELL, -1, CELL).mean(axis=(1, 3))
        kept = [x for x in xs if cells[:, x : x + SIDE].mean() >= LEAST_TISSUE]
        patches = [band[:, x : x + SIDE] for x in kept]
        yield Band(y, kept, np.stack(patches) if kept else np.zeros((0, SIDE, SIDE, 3), np.uint8), tissue)


def share_read(height: int, width: int, um_per_pixel: float) -> float:
    """The share of the squares covering a field that are read; 1 unless the field is very large."""
    rows, columns = scaled_size(height, width, um_per_pixel)
    down, across = _counts(rows, columns)
    return min(1.0, down * across / (_count(rows, SIDE) * _count(columns, SIDE)))


def is_one_square(height: int, width: int, um_per_pixel: float) -> bool:
    """Whether a single square covers a field."""
    return _counts(*scaled_size(height, width, um_per_pixel)) == (1, 1)


def _counts(rows: int, columns: int) -> tuple[int, int]:
    """Number of squares down and across."""
    if (rows / _STEP) * (columns / _STEP) <= MOST_SQUARES:
        return _count(rows, _STEP), _count(columns, _STEP)
    down, across = _count(rows, SIDE), _count(columns, SIDE)
    if down * across <= MOST_SQUARES:
        return down, across
    down = min(MOST_SQUARES, max(1, int(down * math.sqrt(MOST_SQUARES / (down * across)))))
    return down, max(1, min(across, MOST_SQUARES // down))


def _count(length: int, step: int) -> int:
    return max(1, round((length - SIDE) / step)) + 1 if length - SIDE > step / 4 else 1


def _spread(length: int, count: int) -> list[int]:
    return (
        [round(position) for position in np.linspace(0, length - SIDE, count)] if count > 1 else [(length - SIDE) // 2]
    )


def _band(field: RGB8, um_per_pixel: float, y: int, columns: int) -> RGB8:
    """Rows y to y + SIDE of the field at `UM_PER_PIXEL`."""
    factor = UM_PER_PIXEL / um_per_pixel
    top, bottom = round(y * factor), min(field.shape[0], round((y + SIDE) * factor))
    part = field[top:bottom]
    rows = min(SIDE, max(1, round(part.shape[0] / factor)))
    wide = min(columns, max(1, round(part.shape[1] / factor)))
    small = resize_area(np.ascontiguousarray(part), rows, wide)
    return np.pad(small, ((0, SIDE - rows), (0, columns - wide), (0, 0)), mode="symmetric")
