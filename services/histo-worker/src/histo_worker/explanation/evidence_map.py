"""The class activation map of a field, from the evidence of its patches."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from histo_worker.explanation.stitch import smooth, stitch
from histo_worker.field_reader import Reading
from lobule_ml.calibration import sigmoid

SMOOTHED_CELLS = 1.0  # deviation of the blur, in cells of the evidence maps
_CELL_PIXELS = 8  # of a map that is smoothed over a cell; more would show nothing finer


def evidence_map(
    evidence: Sequence[NDArray[np.floating]],
    readings: Sequence[Reading],
    size: tuple[int, int],
    shown: tuple[int, int],
    scale: float,
) -> NDArray[np.float32]:
    """Draw the mean over the readings of a field.

    Args:
        evidence: Maps of the patches of each reading, (patches, rows, columns).
        readings: The readings.
        size: Height and width of the field.
        shown: Height and width of the map.
        scale: Evidence whose probability is 0.73.

    Returns:
        Values from 0 to 1.
    """
    pairs = list(zip(evidence, readings, strict=True))
    cell = min(_cell(maps, reading) / reading.scale for maps, reading in pairs) * shown[0] / size[0]
    factor = min(1.0, _CELL_PIXELS / cell)
    rows, columns = (max(1, round(side * factor)) for side in shown)
    laid_out = [_lay_out(maps, reading, *size, max(rows, columns)) for maps, reading in pairs]
    maps = [cv2.resize(m, (columns, rows), interpolation=cv2.INTER_AREA) for m in laid_out]
    heat = sigmoid(np.mean(maps, axis=0) / np.float32(scale)).astype(np.float32)
    return np.asarray(cv2.resize(heat, shown[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _lay_out(
    maps: NDArray[np.floating], reading: Reading, height: int, width: int, longest: int
) -> NDArray[np.float32]:
    """Stitch a reading's maps into one of the field, with no side longer than `longest`, and smooth it."""
    rows, columns = round(height * reading.scale), round(width * reading.scale)
    scale = min(1.0, longest / max(rows, columns))
    stitched = stitch(reading.upright(maps), reading.windows, rows, columns, scale)
    return smooth(stitched, SMOOTHED_CELLS * scale * _cell(maps, reading))


def _cell(maps: NDArray[np.floating], reading: Reading) -> float:
    """Side of a cell of a reading's maps, in pixels of the reading."""
    return reading.windows[0].side / maps.shape[1]
