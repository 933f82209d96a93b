"""Turns films as they hang, and points between a film's file and the hung film."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lobule.contracts.result import Hanging, ImageInfo

Pixels = TypeVar("Pixels", bound=NDArray[Any])

_NEARLY_SQUARE = 1.01  # ratio of the sides of a pixel; what rounding of the spacings can give


def hang(pixels: Pixels, hanging: Hanging | None) -> Pixels:
    """Turn the stored pixels (height, width, ...) of a film as it hangs; the result is contiguous.

    Args:
        pixels: Pixels as stored in the file.
        hanging: How the film hangs; None if it is shown as it is stored.
    """
    if hanging is None or hanging == Hanging():
        return pixels
    turned = np.rot90(pixels, -hanging.rotation // 90)
    return np.ascontiguousarray(turned[:, ::-1] if hanging.mirrored else turned)  # pyright: ignore[reportReturnType]


def points_as_hung(
    points: NDArray[np.floating], hanging: Hanging | None, shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """Convert points (N, 2) as x, y in pixels of a file to pixels of the hung film.

    Args:
        points: Points in continuous coordinates, with pixel edges at integers.
        hanging: How the film hangs; None if it is shown as it is stored.
        shape: Shape (height, width, ...) of the file's pixels.
    """
    x, y = np.asarray(points, np.float64).reshape(-1, 2).T
    height, width = shape[:2]
    if hanging is not None:
        for _ in range(hanging.rotation // 90):
            x, y, width, height = height - y, x, height, width
        x = width - x if hanging.mirrored else x
    return np.stack([x, y], axis=1)


def points_in_file(
    points: NDArray[np.floating], hanging: Hanging | None, shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """Convert points of a hung film to pixels of its file; the inverse of `points_as_hung`."""
    x, y = np.asarray(points, np.float64).reshape(-1, 2).T
    if hanging is None:
        return np.stack([x, y], axis=1)
    height, width = shape[:2]
    if hanging.mirrored:
        x = (height if hanging.rotation in (90, 270) else width) - x
    turns = {0: (x, y), 90: (y, height - x), 180: (width - x, height - y), 270: (width - y, x)}
    return np.stack(turns[hanging.rotation], axis=1)


def square_pixels(image: ImageInfo) -> tuple[float, float]:
    """The factors by which a film is stretched as it hangs so that its pixels are square.

    Args:
        image: The film; the sides of its pixels are those as stored.

    Returns:
        Factors across and down, at least 1: pixels become as long as the finer spacing.
    """
    down, across = image.pixel_sides
    if image.hanging is not None and image.hanging.rotation in (90, 270):
        down, across = across, down
    finer = min(down, across)
    return (across / finer, down / finer) if max(down, across) > _NEARLY_SQUARE * finer else (1.0, 1.0)
