"""Puts the evidence of overlapping squares together to a map of a field, by cells of 12 micrometres."""

import cv2
import numpy as np
from numpy.typing import NDArray

from histo_worker.tissue.network import SIDE
from histo_worker.tissue.windows import CELL

Float = NDArray[np.float32]

_CELLS = SIDE // CELL
_RAMP = np.minimum(np.arange(_CELLS) + 0.5, _CELLS - np.arange(_CELLS) - 0.5)
_TAPER = np.outer(_RAMP, _RAMP)
"""Weight of each cell of a square: its middle sees more of its surroundings than its edge."""
_SPREAD = 6.0
"""Deviation in cells: what lies around a square says something about it (docs/results/tissue-tried.md)."""
_LEAST_TISSUE = 0.2  # share of a cell and its neighbours; with less tissue it is fat or glass, without carcinoma


class Mosaic:
    """A map that is being put together. For a field of 96 mm it has 43 million cells: few arrays of them exist at once.

    Args:
        rows: Height of the map in cells.
        columns: Its width.
    """

    def __init__(self, rows: int, columns: int) -> None:
        self._rows, self._columns = rows, columns
        self._total, self._weight, self._tissue = (np.zeros((rows, columns), np.float32) for _ in range(3))

    def add_tissue(self, y: int, tissue: Float) -> None:
        """Note how much tissue a row of squares holds.

        Args:
            y: Upper edge of the squares, in pixels at `UM_PER_PIXEL`.
            tissue: Share of tissue by cell, from 0 to 1; see `windows.Band`.
        """
        top = min(y // CELL, self._rows - _CELLS)
        band = self._tissue[top : top + _CELLS]
        np.maximum(band, tissue[:, : self._columns], out=band)

    def add_evidence(self, y: int, x: int, evidence: Float) -> None:
        """Add the evidence map (rows, columns), of any resolution, of the square at an upper left corner."""
        top, left = min(y // CELL, self._rows - _CELLS), min(x // CELL, self._columns - _CELLS)
        place = slice(top, top + _CELLS), slice(left, left + _CELLS)
        self._total[place] += _TAPER * cv2.resize(evidence, (_CELLS, _CELLS), interpolation=cv2.INTER_LINEAR)
        self._weight[place] += _TAPER

    def finish(self) -> tuple[Float, NDArray[np.bool_]]:
        """The smoothed evidence by cell, and whether the cell was read and holds tissue; the mosaic is used up."""
        was_read = self._weight > 0
        holds_tissue = (cv2.blur(self._tissue, (5, 5)) >= _LEAST_TISSUE) & was_read
        del self._tissue
        evidence = self._total
        evidence /= np.maximum(self._weight, 1e-6, out=self._weight)
        del self._weight, self._total
        return _smoothed(evidence, was_read), holds_tissue


def _smoothed(evidence: Float, was_read: NDArray[np.bool_]) -> Float:
    """The mean of the evidence around each cell; cells that were not read do not count, and are set to 0."""
    evidence[~was_read] = 0
    spread = np.asarray(cv2.GaussianBlur(evidence, (0, 0), _SPREAD), np.float32)
    share = np.asarray(cv2.GaussianBlur(was_read.astype(np.float32), (0, 0), _SPREAD), np.float32)
    spread /= np.maximum(share, 1e-6, out=share)
    return spread
