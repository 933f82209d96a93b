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
        spacing: Millimetres between rows and between columns.
        assumed: Whether it was assumed because it is not stated.
    """

    spacing: tuple[float, float]
    assumed: bool = False

    @property
    def mm_per_pixel(self) -> float:
        """Millimetres per pixel, in the direction in which the image is coarser."""
        return max(self.spacing)

    @property
    def is_fine_enough(self) -> bool:
        """Whether the image is not coarser than `COARSEST`."""
        return self.mm_per_pixel <= COARSEST * _TOLERANCE

    def outcome(self, width: float, height: float) -> RegionOutcome:
        """Whether a region of this size in pixels can be classified, or the reason why not."""
        if not self.is_fine_enough:
            return "too_coarse"
        rows, columns = self.spacing
        longer = max(width * columns, height * rows)
        return "too_small" if longer < SMALLEST else "too_large" if longer > LARGEST else "answered"


def scale_of_film(film: Film, spacing: tuple[float, float] | None = None) -> Scale:
    """The scale of a film: the file's, otherwise the given one, otherwise that of a film of usual height."""
    known = film.pixel_spacing_mm or spacing
    if known is not None:
        return Scale(known)
    usual = _FILM_HEIGHT / film.pixels.shape[0]
    down, across = film.pixel_sides or (1.0, 1.0)
    return Scale((usual, usual * across / down), assumed=True)


def scale_of_picture(spacing: float | None) -> Scale:
    """The scale of a picture of a region: the given one, otherwise that of the training crops."""
    known = NATIVE_SPACING if spacing is None else spacing
    return Scale((known, known), assumed=spacing is None)
