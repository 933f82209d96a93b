"""Segments the breast on a film, without frames, markers, labels and tape.

All decisions are made on a thumbnail, with brightness relative to the film's own tissue: the mask does not change with
the scale or offset of the stored values, the bit depth, padding, white frames and markers brighter than tissue.
"""

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo_worker.films.frames import without_frames
from mammo_worker.films.resampling import resample

THUMBNAIL_HEIGHT = 400
_RIM_SHARE = 0.8  # share of the threshold between background and tissue, for the dim rim under the skin
FAINT_SHARE = 0.3  # the same, for fat along the chest wall
_LEAST_ON_BREAST = 0.1  # share of a box; see bench/regions_on_breast.py
_BACKGROUND = 0.05  # mean grey of air; see the same
_RIM = 3  # width of the breast's surroundings in pixels of the thumbnail
_KEPT_PADDING = 0.05  # as a share of a side of the measured area
_INNER = 0.12  # share of a side; pixels nearer to the edge are not used for choosing the range
_BRIGHTEST_TISSUE = 2.5  # times as far above the background as the 90th percentile of the foreground


@dataclass(frozen=True)
class Breast:
    """The breast on a thumbnail of the measured area, from `find_breast`.

    Attributes:
        area: Measured rows and columns (top, bottom, left, right) of the film; the rest is padding.
        mask: Mask of the breast with a straightened chest wall; all False if nothing stands out.
        on_right: Whether the chest wall is on the right.
        surroundings: Mask of the breast and its surroundings without frames, which networks see.
        film: Mask of the film without frames and anything brighter than tissue; padding within the area belongs to it.
        grey: The thumbnail, 0 at the background and 1 at the brightest tissue.
    """

    area: tuple[int, int, int, int]
    mask: NDArray[np.bool_]
    on_right: bool
    surroundings: NDArray[np.bool_]
    film: NDArray[np.bool_]
    grey: NDArray[np.float32]

    @property
    def chest_wall_sure(self) -> bool:
        """Whether faint and bright tissue agree on the chest wall's side."""
        faint = _largest_region(self.grey, self.film, FAINT_SHARE)
        return bool(faint.any()) and _chest_wall_on_right(faint) == self.on_right

    @property
    def share(self) -> float:
        """Area of the breast as a share of the measured area."""
        return float(self.mask.mean())

    def is_beside(self, left: float, top: float, right: float, bottom: float) -> bool:
        """Whether a box of the film, in its pixels, shows air: next to nothing of the breast, and else background.

        Both have to hold, because on a film that tissue fills, the mask is that of its bright part.
        """
        above, below, before, behind = self.area
        down, across = self.mask.shape[0] / (below - above), self.mask.shape[1] / (behind - before)
        rows = slice(max(0, int((top - above) * down)), max(0, math.ceil((bottom - above) * down)))
        columns = slice(max(0, int((left - before) * across)), max(0, math.ceil((right - before) * across)))
        on_breast, film = self.mask[rows, columns], self.film[rows, columns]
        grey = self.grey[rows, columns][film]
        is_dark = not grey.size or float(grey.mean()) < _BACKGROUND
        return is_dark and (not on_breast.size or float(on_breast.mean()) < _LEAST_ON_BREAST)


def find_breast(film: NDArray[Any], valid: NDArray[np.bool_] | None = None, squeeze: float = 1.0) -> Breast:
    """Find the breast on a film.

    Args:
        film: Grey film (height, width) where tissue is bright on dark background.
        valid: Mask (height, width), False at padding; None without padding.
        squeeze: Factor on the film's width that gives it its true aspect.
    """
    top, bottom, left, right = area = _measured_area(film.shape, valid)
    small = _thumbnail(film[top:bottom, left:right], squeeze)
    low, high, beyond = _tissue_range(small)
    grey = np.clip((small - low) / max(high - low, 1e-6), 0, 1).astype(np.float32)
    nothing = np.zeros(grey.shape, bool)
    if high <= low:
        return Breast(area, nothing, False, nothing, nothing, grey)
    keep = without_frames(small, grey, beyond) & (small <= beyond)
    breast = _largest_region(grey, keep)
    if not breast.any():
        return Breast(area, nothing, False, nothing, keep, grey)
    on_right = _chest_wall_on_right(breast)
    mask = _straighten_chest_wall(breast, on_right)
    wide = cv2.dilate(mask.astype(np.uint8), np.ones((2 * _RIM + 1, 2 * _RIM + 1), np.uint8)).astype(bool)
    return Breast(area, mask, on_right, wide & (keep | mask), keep, grey)


def _measured_area(shape: tuple[int, ...], valid: NDArray[np.bool_] | None) -> tuple[int, int, int, int]:
    """The rows and columns with measurements.

    Padding within them is the film's background, as dark as the darkest measurement; some padding is then kept all
    around.
    """
    height, width = shape
    if valid is None or not valid.any():
        return 0, height, 0, width
    rows, columns = np.flatnonzero(valid.any(axis=1)), np.flatnonzero(valid.any(axis=0))
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    if valid[top:bottom, left:right].all():
        return top, bottom, left, right
    down, across = int(_KEPT_PADDING * (bottom - top)), int(_KEPT_PADDING * (right - left))
    return max(0, top - down), min(height, bottom + down), max(0, left - across), min(width, right + across)


def tissue(grey: NDArray[np.float32], film: NDArray[np.bool_], share: float = _RIM_SHARE) -> NDArray[np.uint8]:
    """Mask (1) of tissue on a thumbnail, without parts thinner than a few pixels.

    Args:
        grey: Grey values, 0 at the background and 1 at the brightest tissue.
        film: Mask of the film.
        share: Share of Otsu's threshold, on square roots of grey, from which a pixel counts as tissue.
    """
    if not film.any():
        return film.astype(np.uint8)
    # The square root raises the dim rim under the skin above Otsu's threshold.
    rooted = (np.sqrt(grey) * 255).astype(np.uint8)
    threshold, _ = cv2.threshold(rooted[film][None], 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    bright = ((rooted > threshold * share) & film).astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
    return cv2.morphologyEx(bright, cv2.MORPH_OPEN, disc).astype(np.uint8)


def _largest_region(grey: NDArray[np.float32], film: NDArray[np.bool_], share: float = _RIM_SHARE) -> NDArray[np.bool_]:
    """The largest region of `tissue`; all False if there is none."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(tissue(grey, film, share))
    if count < 2:
        return np.zeros(grey.shape, bool)
    return labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))


def _thumbnail(film: NDArray[Any], squeeze: float) -> NDArray[np.float32]:
    """The film at thumbnail size, with unchanged values."""
    height = min(THUMBNAIL_HEIGHT, film.shape[0])
    width = max(8, round(film.shape[1] * squeeze * height / film.shape[0]))
    return resized(film, (height, width))


def resized(film: NDArray[Any], size: tuple[int, int]) -> NDArray[np.float32]:
    """A film at another (height, width), in float32.

    Integers are first scaled to 16 bits by a power of two, so that rounding is the same for every bit depth; the result
    is on that scale.
    """
    if film.dtype.kind == "u":
        film = np.left_shift(film, 16 - int(film.max()).bit_length(), dtype=np.uint16)
    return resample(film, size).astype(np.float32)


def _tissue_range(small: NDArray[np.float32]) -> tuple[float, float, float]:
    """The background and the brightest tissue of the film's inner part, and the value from which nothing is tissue."""
    down, across = (int(_INNER * (side - 1)) for side in small.shape)
    values = small[down : small.shape[0] - down, across : small.shape[1] - across].ravel()
    low, most = (float(v) for v in np.percentile(values, [0.5, 97]))
    if most <= low:
        return low, most, most
    rooted = (np.sqrt(np.clip((values - low) / (most - low), 0, 1)) * 255).astype(np.uint8)
    threshold, _ = cv2.threshold(rooted[None], 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    tissue = float(np.percentile(np.minimum(values[rooted > threshold], most), 90))
    beyond = low + _BRIGHTEST_TISSUE * (tissue - low)
    return low, float(np.percentile(values[values <= beyond], 99.9)), beyond


def _chest_wall_on_right(breast: NDArray[np.bool_]) -> bool:
    """Whether the chest wall is on the right: the breast is cut straight there, so more of it is at that end."""
    columns = np.flatnonzero(breast.any(axis=0))
    inner = breast[:, columns[0] : columns[-1] + 1]
    strip = max(2, inner.shape[1] // 20)
    return int(inner[:, -strip:].sum()) > int(inner[:, :strip].sum())


def _straighten_chest_wall(breast: NDArray[np.bool_], on_right: bool) -> NDArray[np.bool_]:
    """Fill every row from the chest wall's straight edge to the outermost tissue; close gaps between rows."""
    mask = breast[:, ::-1] if on_right else breast
    columns = np.arange(mask.shape[1])
    outermost = np.where(mask.any(axis=1), mask.shape[1] - 1 - np.argmax(mask[:, ::-1], axis=1), -1)
    filled = columns[None] <= outermost[:, None]
    filled[:, : int(np.flatnonzero(mask.any(axis=0))[0])] = False
    return filled[:, ::-1] if on_right else filled
