"""The frame in which breasts are measured: chest wall on the left, square pixels as high as the film's rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mammo_worker.films.breast import Breast


@dataclass(frozen=True)
class Frame:
    """Converts between a film's pixels and the frame in which breasts are measured.

    One unit is the height of a film pixel, so millimetres are units times the row spacing. In the frame, the chest wall
    is on the left and the film's top is the top, for both sides.

    Attributes:
        film_width: Width in film pixels, which is also the mirror axis.
        mirrored: Whether the chest wall is on the right of the film.
        squeeze: Width of a film pixel over its height; not 1 if the film was stretched.
    """

    film_width: float
    mirrored: bool
    squeeze: float = 1.0

    def from_film(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Convert points (N, 2) from x, y in film pixels to the frame."""
        x, y = np.asarray(points, np.float64).reshape(-1, 2).T
        return np.stack([(self.film_width - x if self.mirrored else x) * self.squeeze, y], axis=1)

    def to_film(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Convert points (N, 2) from the frame to x, y in film pixels."""
        x, y = np.asarray(points, np.float64).reshape(-1, 2).T
        x = x / self.squeeze
        return np.stack([self.film_width - x if self.mirrored else x, y], axis=1)

    def boxes_from_film(self, boxes: NDArray[np.floating]) -> NDArray[np.float64]:
        """Convert boxes (N, 4) from x1, y1, x2, y2 in film pixels to the frame."""
        corners = self.from_film(np.asarray(boxes, np.float64).reshape(-1, 2)).reshape(-1, 2, 2)
        return np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)


@dataclass(frozen=True)
class Thumbnail:
    """The breast's thumbnail in the frame's orientation, and its position in the frame.

    Attributes:
        frame: Frame of the film.
        grey: Grey values (h, w), 0 at the background and 1 at the brightest tissue.
        mask: Mask (h, w), True at the breast.
        left: Left edge of the thumbnail in the frame.
        top: Upper edge of the thumbnail in the frame.
        step: Units of the frame per pixel of the thumbnail.
    """

    frame: Frame
    grey: NDArray[np.float32]
    mask: NDArray[np.bool_]
    left: float
    top: float
    step: float

    def to_frame(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Convert points (N, 2) from x, y of the thumbnail, with pixel edges at integers, to the frame."""
        return np.asarray(points, np.float64).reshape(-1, 2) * self.step + [self.left, self.top]

    def from_frame(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """The inverse of `to_frame`."""
        return (np.asarray(points, np.float64).reshape(-1, 2) - [self.left, self.top]) / self.step


def thumbnail_of(breast: Breast, film_width: int) -> Thumbnail:
    """Convert a breast from `films.breast.find_breast` to the frame.

    Args:
        breast: The breast, whose mask must not be empty.
        film_width: Width of the hung film in pixels.
    """
    top, bottom, left, right = breast.area
    step = (bottom - top) / breast.mask.shape[0]
    squeeze = breast.mask.shape[1] * step / (right - left)
    grey, mask = breast.grey, breast.mask
    if breast.on_right:
        grey, mask = np.ascontiguousarray(grey[:, ::-1]), np.ascontiguousarray(mask[:, ::-1])
    frame = Frame(float(film_width), breast.on_right, squeeze)
    edge = (film_width - right if breast.on_right else left) * squeeze
    return Thumbnail(frame, grey, mask, edge, float(top), step)
