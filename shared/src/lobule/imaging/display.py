"""Chooses the window in which a film is first displayed: the file's own, else the grey range of its tissue."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lobule.imaging.film import Film, Window, percentiles

_SIDE = 256  # side of the thumbnail in which tissue is found
_SMALL = 0.09  # share of the thumbnail's height; a smaller bright area is a marker
_MOST_MARKERS = 4
_DARK, _BRIGHT = 0.5, 99.9  # percentiles shown black and white
_BODY = 97.0  # percentile that tissue reaches gradually; anything far brighter is a marker


def first_look(film: Film) -> Window:
    """The window that a viewer shows first, in values of `Film.pixels`.

    This is the file's first usable window. Without one, it is the full range of an 8-bit film, or the range of tissue
    in a deeper film, so that padding and burnt-in markers that are brighter than tissue do not determine it.
    """
    if film.window is not None:
        return film.window
    if film.pixels.dtype == np.uint8:
        return Window(0.0, 255.0)
    return _tissue_window(film)


def in_8_bits(pixels: NDArray[Any], window: Window) -> NDArray[np.uint8]:
    """Convert pixels to 8 bits with a window: black up to `low`, white from `high`.

    Args:
        pixels: uint8 or uint16 of any shape.
        window: Window in values of `pixels`.
    """
    values = np.arange(int(np.iinfo(pixels.dtype).max) + 1)
    share = (values - window.low) / (window.high - window.low)
    return np.rint(np.clip(share, 0, 1) * 255).astype(np.uint8)[pixels]


def _tissue_window(film: Film) -> Window:
    step = max(1, film.pixels.shape[0] // _SIDE)
    small = np.ascontiguousarray(film.pixels[::step, ::step])
    usable = np.ones(small.shape, bool) if film.valid is None else film.valid[::step, ::step].copy()
    tissue = usable
    for _ in range(_MOST_MARKERS):
        bright = usable & (small > _threshold(small[usable]))
        tissue = _opened(bright)
        if tissue.any():
            usable &= ~bright | _grown(tissue)
            break
        usable &= ~bright  # a marker brighter than the tissue; the rest is examined again
    if not tissue.any():
        low, high = film.percentiles((_DARK, _BRIGHT))
    else:
        (low,) = percentiles(small, (_DARK,), usable)
        least, most, high = percentiles(small, (_DARK, _BODY, _BRIGHT), tissue)
        if high - most > 2 * (most - least):  # a marker that lies on the tissue
            high = most
    return Window(low, max(high, low + 1))


def _threshold(values: NDArray[Any]) -> float:
    """Otsu's threshold on square roots, which separates the dim edge of the tissue from the background."""
    if values.size == 0 or values.min() == values.max():
        return float("inf")
    low, high = float(values.min()), float(values.max())
    rooted = np.sqrt((values - low) / (high - low))
    counts, edges = np.histogram(rooted, 256, (0.0, 1.0))
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * centres)
    between = below * above * (sums / np.maximum(below, 1) - (sums[-1] - sums) / np.maximum(above, 1)) ** 2
    return low + float(centres[int(np.argmax(between))]) ** 2 * (high - low)


def _opened(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A mask without parts narrower than a square of `_SMALL`."""
    radius = max(1, round(_SMALL * mask.shape[0] / 2))
    return _counted(_counted(mask, radius) == (2 * radius + 1) ** 2, radius) > 0


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return _counted(mask, max(1, mask.shape[0] // 50)) > 0


def _counted(mask: NDArray[np.bool_], radius: int) -> NDArray[np.int64]:
    """The number of set pixels in the square around each pixel."""
    sums = np.pad(mask, radius).astype(np.int64)
    for axis in (0, 1):
        sums = np.cumsum(np.concatenate([np.zeros_like(sums.take([0], axis)), sums], axis), axis)
    width = 2 * radius + 1
    return sums[width:, width:] - sums[:-width, width:] - sums[width:, :-width] + sums[:-width, :-width]
