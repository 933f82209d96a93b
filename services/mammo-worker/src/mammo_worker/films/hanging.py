"""A film as it hangs, with the breast on it, and the edge of its chest wall."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lobule.contracts.result import ChestWall, Hanging
from lobule.imaging.film import Film
from lobule.imaging.hanging import hang
from mammo_worker.films.aspect import squeeze_of
from mammo_worker.films.breast import Breast, find_breast
from mammo_worker.films.prepare import PreparedFilm, prepare_film


@dataclass(frozen=True)
class HungFilm:
    """A film as it hangs.

    Attributes:
        pixels: Measured values (height, width), tissue bright.
        valid: Mask (height, width), False at padding; None without padding.
        squeeze: Factor on the film's width that gives it its true aspect, see `aspect.squeeze_of`.
        breast: The breast on it.
    """

    pixels: NDArray[Any]
    valid: NDArray[np.bool_] | None
    squeeze: float
    breast: Breast

    def prepared(self, canvas_size: tuple[int, int]) -> PreparedFilm:
        """The film on a canvas of this height and width."""
        return prepare_film(self.pixels, canvas_size, self.squeeze, self.valid, self.breast)


def hang_film(film: Film, hanging: Hanging | None) -> HungFilm:
    """Turn a film as it hangs, and find the breast.

    Args:
        film: The film as read from its file.
        hanging: How the film hangs; None if it is read as it is stored.
    """
    pixels = hang(film.pixels, hanging)
    valid = None if film.valid is None else hang(film.valid, hanging)
    sides = film.pixel_sides
    if sides is not None and hanging is not None and hanging.rotation in (90, 270):
        sides = (sides[1], sides[0])
    squeeze = squeeze_of(pixels, sides)
    return HungFilm(pixels, valid, squeeze, find_breast(pixels, valid, squeeze))


def chest_wall_of(breast: Breast) -> ChestWall | None:
    """The edge of the chest wall; None if uncertain."""
    return ("right" if breast.on_right else "left") if breast.chest_wall_sure else None
