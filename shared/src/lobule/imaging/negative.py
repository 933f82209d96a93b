"""Detects negatives: films with a bright background, as on a light box."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_FRAME = 6  # percent of each side that can be a scanner's white frame
_NEAR = 0.12  # of the range; a pixel this near its ends counts as black or white
_MORE = 0.15  # of the pixels; a negative has this many more white than black ones
_CORNER = 8  # a corner is this fraction of a side
_BRIGHT, _DARK = 0.8, 0.2  # of the range, for the median of a corner


def is_negative(grey: NDArray[Any], valid: NDArray[np.bool_] | None = None) -> bool:
    """Whether the background is bright, which is most of the film outside the breast.

    Inside a possible frame, a negative has more white than black, and at least two more bright corners than dark ones,
    because the muscle of an oblique film fills one corner, and a label can fill one. If tissue reaches into a second
    corner, one more is enough, provided that both corners of a side are bright: those that the breast points to.
    Padding is ignored; if it covers the background, only tissue is left.

    Args:
        grey: (height, width).
        valid: (height, width), False at padding; None without padding.
    """
    if valid is not None:
        measured = _extent(valid, axis=1), _extent(valid, axis=0)
        grey, valid = grey[measured], valid[measured]
    rows, columns = (length * _FRAME // 100 for length in grey.shape)
    step = max(1, min(grey.shape) // 256)
    inner = (slice(rows, grey.shape[0] - rows, step), slice(columns, grey.shape[1] - columns, step))
    share = grey[inner].astype(np.float32)
    if valid is not None:
        share[~valid[inner]] = np.nan
    if np.isnan(share).all():
        return False
    low, high = np.nanpercentile(share, [1, 99])
    share = (share - low) / max(float(high - low), 1e-6)
    measured_share = share[np.isfinite(share)]
    more = float((measured_share > 1 - _NEAR).mean() - (measured_share < _NEAR).mean())
    return more > _MORE and _bright_corners(share)


def _extent(valid: NDArray[np.bool_], axis: int) -> slice:
    """The rows (`axis` 1) or columns (0) from the first to the last measured one."""
    measured = np.flatnonzero(valid.any(axis=axis))
    return slice(int(measured[0]), int(measured[-1]) + 1) if len(measured) else slice(0)


def _bright_corners(share: NDArray[np.float32]) -> bool:
    """Whether enough more corners are bright than dark; a corner that is mostly padding is neither."""
    down, across = (max(1, length // _CORNER) for length in share.shape)
    sides = share[:, :across], share[:, -across:]
    corners = [part for side in sides for part in (side[:down], side[-down:])]
    medians = [float(np.nanmedian(corner)) if np.isfinite(corner).mean() > 0.5 else 0.5 for corner in corners]
    more = sum(m > _BRIGHT for m in medians) - sum(m < _DARK for m in medians)
    beside_breast = min(medians[:2]) > _BRIGHT or min(medians[2:]) > _BRIGHT
    return more >= (1 if beside_breast else 2)
