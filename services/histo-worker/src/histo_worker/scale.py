"""Micrometres a pixel of a field: as given, or from the magnification."""

from typing import NamedTuple

from lobule.contracts.result import ImageInfo, Magnification
from lobule.contracts.tissue import ScaleSource

UM_OF_MAGNIFICATION: dict[Magnification, float] = {"40X": 1.2, "100X": 0.48, "200X": 0.24, "400X": 0.12}
"""Of the camera of BreakHis (Spanhol et al. 2016); another camera differs, so the file's own scale goes first."""
LEAST_UM, MOST_UM = 0.02, 20.0
"""A scale outside is that of a screen or a printer."""


class Scale(NamedTuple):
    """Micrometres a pixel, and who says so."""

    um_per_pixel: float
    source: ScaleSource


def scale_of(image: ImageInfo, magnification: Magnification | None) -> Scale | None:
    """The scale of a field; None where nobody says it.

    Args:
        image: What is known of the image; its spacing counts before the magnification.
        magnification: Of the field, if known.
    """
    if image.pixel_spacing_mm is not None:
        um = 1000 * sum(image.pixel_spacing_mm) / 2
        if LEAST_UM <= um <= MOST_UM:
            return Scale(um, "given")
    if magnification is None:
        return None
    return Scale(UM_OF_MAGNIFICATION[magnification], "magnification")
