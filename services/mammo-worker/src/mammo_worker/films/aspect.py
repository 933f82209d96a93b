"""Films that were stretched to a square, as some public copies of CBIS-DDSM are."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

FILM_ASPECT = 0.6  # width over height, the median of CBIS-DDSM's scanned films
_MAX_PADDING = 0.02  # share of a side; a padded square has more constant lines


def squeeze_of(film: NDArray[Any], spacing: Sequence[float] | None = None) -> float:
    """The factor by which a film's columns must shrink to undo a stretch to a square; 1 without a stretch.

    Args:
        film: Film (height, width).
        spacing: Size of a pixel in mm, if the file states it; such a film was not stretched.

    No film is square. A square picture was either padded, and then has constant lines at an edge, or stretched. The
    extent of a stretch is not visible, so a usual film's aspect is assumed.
    """
    height, width = film.shape
    if height != width or spacing is not None:
        return 1.0
    step = max(1, height // 200)
    padding = max(_constant_edge(film[::step].T), _constant_edge(film[:, ::step]))
    return 1.0 if padding > _MAX_PADDING * height else FILM_ASPECT


def _constant_edge(lines: NDArray[Any]) -> int:
    """Number of lines at the start and the end with the same constant value, allowing for compression."""
    spread = lines.max(axis=1).astype(np.float64) - lines.min(axis=1)
    busy = np.flatnonzero(spread > 0.03 * max(1.0, float(lines.max())))
    return len(lines) if len(busy) == 0 else int(busy[0] + len(lines) - 1 - busy[-1])
