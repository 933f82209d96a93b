"""The micrometres per pixel of a field: given, stated in its file, derived from the magnification, or estimated."""

from collections.abc import Callable
from math import log
from typing import NamedTuple

from lobule.contracts.modality import FARTHEST, UM_OF_MAGNIFICATION
from lobule.contracts.result import ImageInfo, Magnification
from lobule.contracts.tissue import ScaleSource

COARSEST_CLASSIFIED = FARTHEST * UM_OF_MAGNIFICATION["40X"]
"""On patches of 4 micrometres per pixel, the classifier was mostly wrong (docs/results/tissue-tried.md)."""


class Scale(NamedTuple):
    """Micrometres per pixel, and their origin."""

    um_per_pixel: float
    source: ScaleSource


def scale_of(
    image: ImageInfo,
    in_file: float | None,
    magnification: Magnification | None,
    estimate: Callable[[], float | None],
) -> Scale | None:
    """Determine the scale of a field; None if it is unknown.

    A scale in the file takes precedence over a magnification, whose pixels differ between microscopes and scanners.

    Args:
        image: Given facts; their scale takes precedence over all others.
        in_file: Micrometres per pixel in the file.
        magnification: Magnification of the field, if known.
        estimate: Estimates the scale from the picture; called if nothing states it.
    """
    if image.um_per_pixel is not None:
        return Scale(image.um_per_pixel, "given")
    if in_file is not None:
        return Scale(in_file, "file")
    if magnification is not None:
        return Scale(UM_OF_MAGNIFICATION[magnification], "magnification")
    estimated = estimate()
    return None if estimated is None else Scale(estimated, "estimated")


def is_classified(scale: Scale | None) -> bool:
    """Whether the classifier's probability means anything: at a known scale that is fine enough.

    Read without a scale, fields of 4 micrometres per pixel were all suspicious (docs/results/tissue-tried.md).
    """
    return scale is not None and scale.um_per_pixel <= COARSEST_CLASSIFIED


def nearest_magnification(um_per_pixel: float) -> tuple[Magnification, float]:
    """The magnification whose pixels are nearest in size, and the factor between the sizes.

    Raises:
        ValueError: The value is not a positive number.
    """
    near = min(UM_OF_MAGNIFICATION, key=lambda m: abs(log(um_per_pixel / UM_OF_MAGNIFICATION[m])))
    return near, _factor(um_per_pixel, near)


def contradicts(um_per_pixel: float, magnification: Magnification) -> bool:
    """Whether a scale is too far from that of a magnification for both to be right."""
    return _factor(um_per_pixel, magnification) > FARTHEST


def _factor(um_per_pixel: float, magnification: Magnification) -> float:
    ratio = um_per_pixel / UM_OF_MAGNIFICATION[magnification]
    return max(ratio, 1 / ratio)


def stated_um(scale: Scale | None) -> float | None:
    """Micrometres per pixel if they are stated, and neither derived from a magnification nor estimated."""
    return scale.um_per_pixel if scale is not None and scale.source in ("given", "file") else None
