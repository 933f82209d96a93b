"""Positions of patches.

They cover a field, or follow the thesis' sliding windows and random crops (4.1.2); this module also resizes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

RGB8 = NDArray[np.uint8]


@dataclass(frozen=True)
class Window:
    """A square in pixels of the image; covers [x, x + side) by [y, y + side)."""

    x: int
    y: int
    side: int

    def cut(self, image: RGB8) -> RGB8:
        """Return the window's pixels as a view of the image."""
        return image[self.y : self.y + self.side, self.x : self.x + self.side]

    def scaled(self, factor: float) -> "Window":
        """The same square of an image that is larger by a factor."""
        return Window(round(self.x * factor), round(self.y * factor), round(self.side * factor))


def covering_windows(height: int, width: int, side: int, most: int | None = None) -> list[Window]:
    """The fewest evenly spread windows that cover an image, row by row; windows of a smaller image are smaller.

    Evenly spread windows cover the right and lower borders like the rest; fixed steps would overlap there or miss them.

    Args:
        height: Height of the image.
        width: Width of the image.
        side: Side of a window.
        most: Largest number of windows; if more are needed, nearly this number is spread with gaps.
    """
    side = min(side, height, width)
    down, across = math.ceil(height / side), math.ceil(width / side)
    if most is not None and down * across > most:
        ratio = math.sqrt(most / (down * across))
        down = min(most, max(1, int(down * ratio)))
        across = min(most // down, max(1, int(across * ratio)))
    return [Window(x, y, side) for y in _spread(height, side, down) for x in _spread(width, side, across)]


def sliding_windows(height: int, width: int, side: int) -> list[Window]:
    """The thesis' sliding windows: steps of half a window from the upper left corner, as far as they fit.

    Raises:
        ValueError: The image is smaller than the window.
    """
    _require_room(height, width, side)
    step = max(1, side // 2)
    return [Window(x, y, side) for y in range(0, height - side + 1, step) for x in range(0, width - side + 1, step)]


def random_windows(height: int, width: int, side: int, count: int, rng: np.random.Generator) -> list[Window]:
    """The thesis' random crops: `count` windows anywhere in the image.

    Raises:
        ValueError: The image is smaller than the window.
    """
    _require_room(height, width, side)
    xs, ys = rng.integers(0, width - side + 1, count), rng.integers(0, height - side + 1, count)
    return [Window(int(x), int(y), side) for x, y in zip(xs, ys, strict=True)]


def resize_area(image: RGB8, height: int, width: int) -> RGB8:
    """Resize; shrinking averages areas (no moiré, as the thesis requires), enlarging interpolates linearly."""
    if image.shape[:2] == (height, width):
        return image
    shrinking = height * width < image.shape[0] * image.shape[1]
    resized = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR)
    return np.asarray(resized, np.uint8)


def cut_patches(image: RGB8, windows: Sequence[Window], size: int) -> RGB8:
    """Cut windows out of an image and resize each to `size`.

    Returns:
        uint8 array of shape (len(windows), size, size, 3).
    """
    patches = np.empty((len(windows), size, size, 3), np.uint8)
    for patch, window in zip(patches, windows, strict=True):
        patch[:] = resize_area(window.cut(image), size, size)
    return patches


def _spread(length: int, side: int, count: int) -> list[int]:
    return [round(i * (length - side) / max(1, count - 1)) for i in range(count)]


def _require_room(height: int, width: int, side: int) -> None:
    if min(height, width) < side:
        raise ValueError(f"a window of {side} does not fit an image of {width} x {height}")
