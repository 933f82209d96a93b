"""Micrometres a pixel of a field: as given, as its file states them, or from the magnification."""

from math import log
from typing import NamedTuple

from lobule.contracts.result import ImageInfo, Magnification
from lobule.contracts.tissue import ScaleSource

UM_OF_MAGNIFICATION: dict[Magnification, float] = {"40X": 1.2, "100X": 0.48, "200X": 0.24, "400X": 0.12}
"""Of the camera of BreakHis (Spanhol et al. 2016), as its nuclei show (docs/results/tissue-tried.md)."""
FARTHEST = 1.6
"""Times the nearest magnification's scale: fields beyond it differ from those that a classifier learned from."""
COARSEST_CLASSIFIED = FARTHEST * UM_OF_MAGNIFICATION["40X"]
"""On patches of 4 micrometres a pixel the classifier was wrong more often than right (docs/results/tissue-tried.md)."""


class Scale(NamedTuple):
    """Micrometres a pixel, and who says so."""

    um_per_pixel: float
    source: ScaleSource


def scale_of(image: ImageInfo, in_file: float | None, magnification: Magnification | None) -> Scale | None:
    """The scale of a field; None where nobody says it.

    A file's own scale counts before a magnification, which means other pixels on each microscope and scanner.

    Args:
        image: What was given; its own scale counts before all else.
        in_file: Micrometres a pixel that the file states.
        magnification: Of the field, if known.
    """
    if image.um_per_pixel is not None:
        return Scale(image.um_per_pixel, "given")
    if in_file is not None:
        return Scale(in_file, "file")
    return Scale(UM_OF_MAGNIFICATION[magnification], "magnification") if magnification else None


def is_too_coarse(scale: Scale | None) -> bool:
    """Whether the classifier's probability means nothing at a scale."""
    return scale is not None and scale.um_per_pixel > COARSEST_CLASSIFIED


def nearest_magnification(um_per_pixel: float) -> tuple[Magnification, float]:
    """The magnification whose pixels are nearest in size, and how many times larger or smaller they are.

    Raises:
        ValueError: It is no positive number.
    """
    near = min(UM_OF_MAGNIFICATION, key=lambda m: abs(log(um_per_pixel / UM_OF_MAGNIFICATION[m])))
    ratio = um_per_pixel / UM_OF_MAGNIFICATION[near]
    return near, max(ratio, 1 / ratio)
