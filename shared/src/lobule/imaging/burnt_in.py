"""Finds lines of text that a modality or a scanner burnt into a film's background.

No text is recognised. Letters are small regions with sharp edges, much brighter than the background, or darker than the
label behind them; several regions of one height on one line are text. The breast is not searched, because tissue has
such regions, too.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lobule.imaging.film import Film, percentiles
from lobule.imaging.letters import Box, lines_of
from lobule.imaging.regions import mask_of, regions, sliding_extreme
from lobule.words import make_notice

_SIDE = 2600  # longest side of the searched copy, in pixels
_THUMBNAIL = 200  # longest side of the copy in which the breast is found
_SQUARE = 41  # pixels; wider than a letter's strokes
_CONTRAST = 0.25  # least contrast to the surroundings, as a share of the film's range
_MOST_RUNS, _MOST_LETTERS = 100_000, 3_000  # more runs or regions are noise
_LEAST, _MOST = 6, 90  # limits of a letter's height, in pixels
_LONGEST = 14.0  # longest run of touching letters, in heights
_BACKGROUND = 0.15  # largest median of a line's rim, as a share of the film's range
_SPARSE = 0.12  # least share of a letter's rectangle that it covers
_AROUND_BREAST = 0.03  # as a share of the thumbnail's longer side
_AROUND_TEXT = 4  # pixels
_MARGIN = 0.1  # as a share of the film's sides; further inside there may be breast, so nothing is covered there
_ROWS_AT_ONCE = 32  # of the shrunk picture


class TextLine(NamedTuple):
    """A line of text: its rectangle in pixels of the film; `right` and `bottom` are excluded.

    `on_background`: whether it is bright on the film's own dark background, and not on a label.
    """

    left: int
    top: int
    right: int
    bottom: int
    on_background: bool


def note_burnt_in_text(film: Film, *, masked: bool) -> Film:
    """Add a notice to a film if text is burnt into its background.

    Args:
        film: The film as it was read.
        masked: Whether to cover text on the background that reaches into the film's margin. The pixels do not change,
            because the networks read them.
    """
    lines = find_text(film.pixels, film.valid)
    if not lines:
        return film
    hidden = [line for line in lines if masked and line.on_background and _in_margin(line, film.pixels.shape)]
    notices = [make_notice("burnt_in_text_masked")] if hidden else []
    if len(hidden) < len(lines):
        notices.append(make_notice("burnt_in_text"))
    return replace(film, covered=tuple(line[:4] for line in hidden), notices=[*film.notices, *notices])


def find_text(film: NDArray[Any], valid: NDArray[np.bool_] | None = None) -> list[TextLine]:
    """Find lines of text outside the breast, horizontal or rotated by 90 degrees, from top to bottom.

    Args:
        film: Grey (height, width), uint8 or uint16, tissue bright.
        valid: False at padding; None without padding.
    """
    low, high = percentiles(film[::3, ::3], (1, 99.9))
    if high <= low:
        return []
    step = -(-max(film.shape) // _SIDE)
    grey = np.clip((_shrunk(film, step) - low) * (255 / (high - low)), 0, 255).astype(np.uint8)
    outside = ~_breast(grey)
    if valid is not None:
        outside &= valid[step // 2 :: step, step // 2 :: step][: grey.shape[0], : grey.shape[1]]
    bright = [line for line in _lines(_letters(grey, outside, dark=False)) if _is_background(grey, line)]
    dark = [line for line in _lines(_letters(grey, outside, dark=True)) if not _is_background(grey, line)]
    dark = [line for line in dark if not any(_overlap(line, other) for other in bright)]  # the gaps between letters
    found = [_on_film(line, step, film.shape, bright=True) for line in bright]
    found += [_on_film(line, step, film.shape, bright=False) for line in dark]
    return sorted(found, key=lambda line: (line.top, line.left))


def shown_pixels(film: Film) -> NDArray[Any]:
    """A film's pixels with covered text replaced by the grey of the darker part of its surroundings."""
    if not film.covered:
        return film.pixels
    masked = film.pixels.copy()
    for left, top, right, bottom in film.covered:
        patch = masked[max(0, top - _AROUND_TEXT) : bottom + _AROUND_TEXT, max(0, left - _AROUND_TEXT) : right]
        masked[top:bottom, left:right] = np.percentile(patch, 10)
    return masked


def _in_margin(line: TextLine, shape: tuple[int, ...]) -> bool:
    height, width = shape
    across, down = _MARGIN * width, _MARGIN * height
    return line.left < across or line.top < down or line.right > width - across or line.bottom > height - down


def _shrunk(film: NDArray[Any], step: int) -> NDArray[np.float32]:
    """Means of squares, computed in strips; incomplete squares at the border are left out."""
    height, width = (side // step for side in film.shape)
    small = np.empty((height, width), np.float32)
    for top in range(0, height, _ROWS_AT_ONCE):
        bottom = min(top + _ROWS_AT_ONCE, height)
        part = film[top * step : bottom * step, : width * step].astype(np.float32)
        rows = part.reshape(bottom - top, step, width * step).sum(axis=1)
        # NumPy's mean over two short axes at once takes ten times as long.
        small[top:bottom] = rows[:, ::step]
        for column in range(1, step):
            small[top:bottom] += rows[:, column::step]
    small /= step**2
    return small


def _breast(grey: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """True at the largest bright region and near it."""
    step = max(1, -(-max(grey.shape) // _THUMBNAIL))
    small = np.sqrt(_shrunk(grey, step) / 255)
    bright = small > _between(small)
    found = regions(bright, _MOST_RUNS)
    if found is None or not len(found.area):
        return np.zeros(grey.shape, bool)
    mask = mask_of(found, int(np.argmax(found.area)), (small.shape[0], small.shape[1]))
    mask = sliding_extreme(mask, 2 * round(_AROUND_BREAST * max(small.shape)) + 1, np.maximum)
    whole = mask.repeat(step, axis=0).repeat(step, axis=1)
    missing = [(0, side - has) for side, has in zip(grey.shape, whole.shape, strict=True)]
    return np.pad(whole, missing, mode="edge")


def _between(values: NDArray[np.float32]) -> float:
    """Otsu's threshold of values from 0 to 1."""
    counts, edges = np.histogram(values, 256, (0, 1))
    weights, centres = counts / counts.sum(), (edges[:-1] + edges[1:]) / 2
    below, moment = np.cumsum(weights), np.cumsum(weights * centres)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = (moment[-1] * below - moment) ** 2 / (below * (1 - below))
    return float(centres[int(np.nanargmax(np.where(np.isfinite(apart), apart, 0)))])


def _letters(grey: NDArray[np.uint8], outside: NDArray[np.bool_], *, dark: bool) -> list[Box]:
    """Small regions that stand out from a square around them."""
    seen = 255 - grey if dark else grey
    surroundings = sliding_extreme(sliding_extreme(seen, _SQUARE, np.minimum), _SQUARE, np.maximum)
    found = regions((seen - surroundings > 255 * _CONTRAST) & outside, _MOST_RUNS)
    if found is None:
        return []
    width, height = found.right - found.left, found.bottom - found.top
    long, short = np.maximum(width, height), np.minimum(width, height)
    fits = (long >= _LEAST) & (short >= 2) & (short <= _MOST) & (long <= _LONGEST * short)
    fits &= found.area >= _SPARSE * width * height
    return [
        Box(float(found.left[at]), float(found.top[at]), float(width[at]), float(height[at]))
        for at in np.flatnonzero(fits)
    ]


def _lines(letters: list[Box]) -> list[Box]:
    if len(letters) > _MOST_LETTERS:
        return []
    return [*lines_of(letters), *(box.turned for box in lines_of([box.turned for box in letters]))]


def _is_background(grey: NDArray[np.uint8], line: Box) -> bool:
    """Whether a rectangle's rim is as dark as a film's background: neither tissue nor a label."""
    top, left = max(0, int(line.top)), max(0, int(line.left))
    part = grey[top : int(line.top + line.height) + 1, left : int(line.left + line.width) + 1]
    rim = np.concatenate([part[:2].ravel(), part[-2:].ravel(), part[:, :2].ravel(), part[:, -2:].ravel()])
    return bool(len(rim)) and float(np.median(rim)) < 255 * _BACKGROUND


def _overlap(line: Box, other: Box) -> bool:
    across = min(line.left + line.width, other.left + other.width) - max(line.left, other.left)
    down = min(line.top + line.height, other.top + other.height) - max(line.top, other.top)
    return across > 0 and down > 0


def _on_film(line: Box, step: int, shape: tuple[int, ...], *, bright: bool) -> TextLine:
    left, top = max(0, int(line.left * step)), max(0, int(line.top * step))
    right, bottom = int((line.left + line.width) * step) + 1, int((line.top + line.height) * step) + 1
    return TextLine(left, top, min(shape[1], right), min(shape[0], bottom), bright)
