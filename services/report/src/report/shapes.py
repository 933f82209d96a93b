"""Draws antialiased lines and areas: they are drawn several times larger and then shrunk.

Coordinates are (n, 2) arrays of x, y; whole numbers are centres of pixels.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from report.palette import RGB

Vertices = NDArray[np.float64]

_FINE = 4  # so many times larger, each way


def stroke(image: Image.Image, vertices: Vertices, colour: RGB, weight: int) -> None:
    """Draw a closed line, `weight` pixels wide, centred on its vertices."""

    def draw(pen: ImageDraw.ImageDraw, points: list[tuple[float, float]]) -> None:
        closed = [*points, *points[:2]]  # the first two again, so that the last corner is joined, too
        pen.line(closed, fill=255, width=weight * _FINE, joint="curve")

    _lay(image, vertices, colour, draw, margin=weight)


def fill(image: Image.Image, vertices: Vertices, colour: RGB, opacity: float = 1.0) -> None:
    """Fill the area within a closed line."""

    def draw(pen: ImageDraw.ImageDraw, points: list[tuple[float, float]]) -> None:
        pen.polygon(points, fill=round(255 * opacity))

    _lay(image, vertices, colour, draw, margin=1)


def _lay(
    image: Image.Image,
    vertices: Vertices,
    colour: RGB,
    draw: Callable[[ImageDraw.ImageDraw, list[tuple[float, float]]], None],
    margin: int,
) -> None:
    """Draw a mask of the size of the shape, and blend the colour through it."""
    left, top = (max(0, int(edge)) for edge in np.floor(vertices.min(axis=0) - margin))
    right, bottom = (
        min(side, int(edge)) for side, edge in zip(image.size, np.ceil(vertices.max(axis=0) + margin) + 1, strict=True)
    )
    if right <= left or bottom <= top:
        return
    mask = Image.new("L", ((right - left) * _FINE, (bottom - top) * _FINE))
    points = (vertices - (left, top) + 0.5) * _FINE - 0.5
    draw(ImageDraw.Draw(mask), [(x, y) for x, y in points.tolist()])
    image.paste(colour, (left, top, right, bottom), mask.reduce(_FINE))
