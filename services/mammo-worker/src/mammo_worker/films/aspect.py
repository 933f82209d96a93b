"""Films whose pixels are not square, such as those stretched to a square in public copies of CBIS-DDSM."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

FILM_ASPECT = 0.6  # width over height, the median of CBIS-DDSM's scanned films
_MAX_PADDING = 0.02  # share of a side; a padded square has more constant lines
_NEARLY_SQUARE = 0.01  # log of the aspect of a pixel; what rounding of the spacings can give
_LARGEST_STRETCH = math.log(4.0)  # a pixel longer than this is a wrong entry


def squeeze_of(film: NDArray[Any], sides: tuple[float, float] | None = None) -> float:
    """The factor by which a film's columns must shrink for square pixels; 1 if its pixels are square.

    Args:
        film: Film (height, width).
        sides: Height and width of its pixels in any unit, if the file states them; such a film was not stretched.

    No film is square. A square picture was either padded, and then has constant lines at an edge, or stretched. The
    extent of a stretch is not visible, so a usual film's aspect is assumed.
    """
    if sides is not None:
        aspect = sides[1] / sides[0]
        return aspect if _NEARLY_SQUARE < abs(math.log(aspect)) < _LARGEST_STRETCH else 1.0
    height, width = film.shape
    if height != width:
        return 1.0
    step = max(1, height // 200)
    padding = max(_constant_edge(film[::step].T), _constant_edge(film[:, ::step]))
    return 1.0 if padding > _MAX_PADDING * height else FILM_ASPECT


def _constant_edge(lines: NDArray[Any]) -> int:
    """Number of lines at the start and the end that are constant, allowing for compression."""
    spread = lines.max(axis=1).astype(np.float64) - lines.min(axis=1)
    busy = np.flatnonzero(spread > 0.03 * max(1.0, float(lines.max())))
    return len(lines) if len(busy) == 0 else int(busy[0] + len(lines) - 1 - busy[-1])
