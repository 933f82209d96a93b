"""Shrinks pictures by averaging areas in strips, so that memory does not grow with the picture."""

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_PIXELS = 1 << 20  # of the source that are processed at once


class Rows(Protocol):
    """Some rows of a picture: (rows, width) uint8 or uint16, or (rows, width, 3) uint8."""

    def __call__(self, top: int, bottom: int) -> NDArray[Any]:
        """The rows from `top` to `bottom`, excluding `bottom`."""
        ...


def shrink(rows: Rows, size: tuple[int, int], to: tuple[int, int]) -> NDArray[Any]:
    """Shrink a picture; each new pixel is the mean of the pixels that it covers, in the same type.

    Args:
        rows: Returns rows of the picture.
        size: (width, height) of the picture.
        to: (width, height) of the result.
    """
    (width, height), (wide, high) = size, to
    step = max(1, _PIXELS * high // (width * height))
    parts: list[NDArray[Any]] = []
    for first in range(0, high, step):
        last = min(first + step, high)
        start, end = first * height / high, last * height / high
        top, bottom = math.floor(start), min(math.ceil(end), height)
        source = np.ascontiguousarray(rows(top, bottom))
        image = Image.fromarray(source if source.dtype == np.uint8 else source.astype(np.float32))
        part = np.asarray(image.resize((wide, last - first), Image.Resampling.BOX, (0, start - top, width, end - top)))
        parts.append(part if part.dtype == source.dtype else np.rint(part).astype(source.dtype))
    return np.concatenate(parts)


def fitting(size: tuple[int, int], side: int) -> tuple[int, int]:
    """The largest (width, height) of the same aspect ratio within `side`; never larger than `size`."""
    scale = min(1.0, side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
