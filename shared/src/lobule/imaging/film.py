"""A film as read from a file of any format."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lobule.contracts.result import Hanging, Laterality, MammographyView, Notice, SpacingPlane

_ROWS_AT_ONCE = 256  # NumPy counts in 64 bits, so a whole film at once would need eight times its memory


@dataclass(frozen=True)
class Window:
    """A window in values of `Film.pixels`.

    Attributes:
        low: Value shown as black.
        high: Value shown as white; greater than `low`.
        name: Explanation in the file.
    """

    low: float
    high: float
    name: str | None = None


@dataclass(frozen=True)
class Film:
    """A film as measured: tissue bright, no window applied.

    Window and VOI lookup table only determine the first display; they never change `pixels`.

    Attributes:
        pixels: Grey (height, width), uint8 or uint16, tissue bright. Padding holds the least measured value.
        view: View in the file's tags, if stated.
        laterality: Side in the file's tags, if stated.
        pixel_spacing_mm: (row, column), if known; already divided by a known magnification.
        colourfulness: Mean difference between colour channels over the range, 0 for a grey file.
        notices: Notices for the reader of a result.
        valid: False at padding, where nothing was measured; None without padding.
        windows: The windows of the file, the first to show in front; empty if it has none.
        offset: With `step`: the value of a pixel in the file's own units is `offset + pixel * step`.
        step: See `offset`; negative if the file stores tissue dark.
        pixel_aspect: Height of a pixel over its width, if the file states it and no spacing.
        spacing_plane: Plane in which `pixel_spacing_mm` is valid: the breast or the detector.
        magnification: Radiographic magnification that the file states, 1.0 if none.
        hanging: Rotation and mirroring that show the film upright; None if the file does not state it.
        bits: Bits of a measured sample, which may be fewer than those of `pixels`.
        covered: Rectangles of text that pictures for display must hide, but `pixels` still contain: left, top, right
            and bottom, the last two excluded.
    """

    pixels: NDArray[Any]
    view: MammographyView | None = None
    laterality: Laterality | None = None
    pixel_spacing_mm: tuple[float, float] | None = None
    colourfulness: float = 0.0
    notices: list[Notice] = field(default_factory=list[Notice])
    valid: NDArray[np.bool_] | None = None
    windows: tuple[Window, ...] = ()
    offset: float = 0.0
    step: float = 1.0
    pixel_aspect: float | None = None
    spacing_plane: SpacingPlane | None = None
    magnification: float = 1.0
    hanging: Hanging | None = None
    bits: int = 8
    covered: tuple[tuple[int, int, int, int], ...] = ()

    @property
    def pixel_sides(self) -> tuple[float, float] | None:
        """Height and width of a pixel, in millimetres if they are known; None if not even their ratio is."""
        known = None if self.pixel_aspect is None else (self.pixel_aspect, 1.0)
        return self.pixel_spacing_mm or known

    @property
    def window(self) -> Window | None:
        """The window to show first, if the file has one."""
        return self.windows[0] if self.windows else None

    def percentiles(self, percents: Sequence[float]) -> tuple[float, ...]:
        """Percentiles of the measured pixels; see `percentiles`."""
        return percentiles(self.pixels, percents, self.valid)


def percentiles(
    pixels: NDArray[Any], percents: Sequence[float], valid: NDArray[np.bool_] | None = None
) -> tuple[float, ...]:
    """Exact percentiles of unsigned integers from a histogram, so that memory does not grow with the film.

    Args:
        pixels: uint8 or uint16, of any shape with rows first.
        percents: Percents from 0 to 100.
        valid: Mask of the same shape; False excludes a pixel.

    Returns:
        For each percent, the smallest value that this share of the pixels does not exceed; zeros if no pixel is left.
    """
    counts = np.zeros(int(np.iinfo(pixels.dtype).max) + 1, np.int64)
    for start in range(0, len(pixels), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        part = pixels[rows].ravel() if valid is None else pixels[rows][valid[rows]]
        counts += np.bincount(part, minlength=len(counts))
    total = np.cumsum(counts)
    if total[-1] == 0:
        return tuple(0.0 for _ in percents)
    ranks = [max(1, int(np.ceil(total[-1] * percent / 100))) for percent in percents]
    return tuple(float(np.searchsorted(total, rank)) for rank in ranks)
