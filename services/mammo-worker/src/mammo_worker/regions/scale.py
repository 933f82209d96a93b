"""Whether a region can be judged: the scale of its image, and its size, against what the classifier was measured on."""

from dataclasses import dataclass

from lobule.contracts.region import RegionOutcome
from lobule.imaging.film import Film
from mammo_worker.regions.prepare import NATIVE_SPACING

COARSEST = 0.1
"""mm a pixel, of the image. What coarser films cost is a table of docs/results/regions.md."""
SMALLEST, LARGEST = 4.0, 130.0
"""mm, of a region's longer side: 99 in 100 of the lesions that were learned from lie between them."""
_TOLERANCE = 1.05  # scanners differ by as much between what they say and what they do
_FILM_HEIGHT = 240.0  # mm, of a film that does not say its scale


@dataclass(frozen=True)
class Scale:
    """The scale of an image.

    Attributes:
        mm_per_pixel: As it is taken to be.
        assumed: Nobody has said it.
    """

    mm_per_pixel: float
    assumed: bool = False

    def outcome(self, width: float, height: float) -> RegionOutcome:
        """Whether a region of this size, pixels, can be judged."""
        if self.mm_per_pixel > COARSEST * _TOLERANCE:
            return "too_coarse"
        longer = max(width, height) * self.mm_per_pixel
        return "too_small" if longer < SMALLEST else "too_large" if longer > LARGEST else "answered"


def scale_of_film(film: Film, told: float | None = None) -> Scale:
    """The scale of a film: what was told, else what its file says, else that of a film of usual height."""
    if told is not None:
        return Scale(told)
    if film.pixel_spacing_mm:
        return Scale(float(film.pixel_spacing_mm[0]))
    return Scale(_FILM_HEIGHT / film.pixels.shape[0], assumed=True)


def scale_of_picture(told: float | None) -> Scale:
    """The scale of a picture of a region alone, which has none of its own: the one that was learned from."""
    return Scale(NATIVE_SPACING, assumed=True) if told is None else Scale(told)
