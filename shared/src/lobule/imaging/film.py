"""A film as read from a file, whatever the format."""

from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from lobule.contracts.result import Laterality, Notice, View


@dataclass(frozen=True)
class Film:
    """A film, upright, tissue bright.

    Attributes:
        pixels: Grey (height, width), uint8 or uint16 or float32, window applied.
        view: From the file's tags, if they say.
        laterality: The same.
        pixel_spacing_mm: (row, column), if known.
        colourfulness: Mean difference between colour channels over the range, 0 for a grey file.
        notices: What the reader of a result should know.
    """

    pixels: NDArray[Any]
    view: View | None = None
    laterality: Laterality | None = None
    pixel_spacing_mm: tuple[float, float] | None = None
    colourfulness: float = 0.0
    notices: list[Notice] = field(default_factory=list[Notice])
