"""A film as read from a file, whatever the format."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lobule.contracts.result import Hanging, Laterality, MammographyView, Notice, SpacingPlane

_ROWS_AT_ONCE = 256  # NumPy counts in 64 bits: a whole film at once would need eight times its memory


@dataclass(frozen=True)
class Window:
    """A window as the file names it: values of `Film.pixels` that are shown black and white.

    Attributes:
        low: Shown black.
        high: Shown white; greater than `low`.
        name: The file's words for it.
    """

    low: float
    high: float
    name: str | None = None


@dataclass(frozen=True)
class Film:
    """A film as it was measured: tissue bright, no window applied.

    Window and VOI lookup table only determine the first display; they never change `pixels`.

    Attributes:
        pixels: Grey (height, width), uint8 or uint16, tissue bright. Padding holds the least measured value.
        view: From the file's tags, if they say.
        laterality: The same.
        pixel_spacing_mm: (row, column), if known; already divided by a known magnification.
        colourfulness: Mean difference between colour channels over the range, 0 for a grey file.
        notices: What the reader of a result should know.
        valid: False if the file holds padding instead of a measurement; None if there is none.
        windows: The windows that the file names, the one to show first in front; empty if it names none.
        offset: With `step`: the value of a pixel in the file's own units is `offset + pixel * step`.
        step: Negative where the file stores tissue dark.
        spacing_plane: Whether `pixel_spacing_mm` holds in the breast or on the detector.
        magnification: Radiographic magnification that the file states, 1.0 if none.
        hanging: How to turn the pixels to show the film upright; None if the file does not say it.
        bits: Of a measured sample; `pixels` may have room for more.
        covered: Rectangles of text, which `pixels` still hold and nobody is shown: left, top, right and bottom, the
            last two excluded.
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
    spacing_plane: SpacingPlane | None = None
    magnification: float = 1.0
    hanging: Hanging | None = None
    bits: int = 8
    covered: tuple[tuple[int, int, int, int], ...] = ()

    @property
    def window(self) -> Window | None:
        """The window to show first, where the file names one."""
        return self.windows[0] if self.windows else None

    def percentiles(self, percents: Sequence[float]) -> tuple[float, ...]:
        """Percentiles of the measured pixels; see `percentiles`."""
        return percentiles(self.pixels, percents, self.valid)


def percentiles(
    pixels: NDArray[Any], percents: Sequence[float], valid: NDArray[np.bool_] | None = None
) -> tuple[float, ...]:
    """Percentiles of unsigned integers, exact, from a histogram: memory does not grow with the film.

    Args:
        pixels: uint8 or uint16, of any shape with rows first.
        percents: 0 to 100.
        valid: Of the same shape; False leaves a pixel out.

    Returns:
        For each percent the least value that so many percent of the pixels do not exceed; zeros if no pixel is left.
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
