"""Decides whether a region can be classified, by the scale of its image and its size."""

from dataclasses import dataclass

from lobule.contracts.region import RegionOutcome
from lobule.imaging.film import Film
from mammo_worker.regions.prepare import NATIVE_SPACING

COARSEST = 0.1
"""Coarsest mm per pixel of an image; docs/results/regions.md shows the effect of coarser films."""
SMALLEST, LARGEST = 4.0, 130.0
"""Limits of a region's longer side in mm; 99 % of the training lesions are between them."""
_TOLERANCE = 1.05  # the difference between scanners' stated and real spacing
_FILM_HEIGHT = 240.0  # mm, assumed for a film without a stated scale


@dataclass(frozen=True)
class Scale:
    """The scale of an image.

    Attributes:
        mm_per_pixel: Millimetres per pixel.
        assumed: Whether it was assumed because it is not stated.
    """

    mm_per_pixel: float
    assumed: bool = False

    def outcome(self, width: float, height: float) -> RegionOutcome:
        """Whether a region of this size in pixels can be classified, or the reason why not."""
        if self.mm_per_pixel > COARSEST * _TOLERANCE:
            return "too_coarse"
        longer = max(width, height) * self.mm_per_pixel
        return "too_small" if longer < SMALLEST else "too_large" if longer > LARGEST else "answered"


def scale_of_film(film: Film, spacing: float | None = None) -> Scale:
    """The scale of a film: the given one, otherwise the file's, otherwise that of a film of usual height."""
    if spacing is not None:
        return Scale(spacing)
    if film.pixel_spacing_mm:
        return Scale(float(film.pixel_spacing_mm[0]))
    return Scale(_FILM_HEIGHT / film.pixels.shape[0], assumed=True)


def scale_of_picture(spacing: float | None) -> Scale:
    """The scale of a picture of a region: the given one, otherwise that of the training crops."""
    return Scale(NATIVE_SPACING, assumed=True) if spacing is None else Scale(spacing)
