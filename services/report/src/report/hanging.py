"""Rotates and mirrors films, and their findings, for hanging: upright, with the chest wall on its usual side."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from lobule.contracts.result import Box, Finding, Hanging

Pixels = TypeVar("Pixels", bound=NDArray[np.uint8])


def hang(picture: Pixels, hanging: Hanging | None) -> Pixels:
    """Rotate and mirror a picture, (height, width) or (height, width, 3), for hanging."""
    if hanging is None:
        return picture
    turned = np.rot90(picture, -hanging.rotation // 90)
    return np.ascontiguousarray(np.fliplr(turned) if hanging.mirrored else turned)  # pyright: ignore[reportReturnType]


def hang_finding(finding: Finding, hanging: Hanging | None, size: tuple[int, int]) -> Finding:
    """Transform a finding to its place on the hung film.

    Args:
        finding: In stored pixels.
        hanging: How the film is turned.
        size: Width and height of the stored film in pixels.
    """
    if hanging is None:
        return finding
    # Outlines run through the centres of pixels: half a pixel from their edges, each way.
    outline = finding.outline and [
        (x - 0.5, y - 0.5) for x, y in (_turned((x + 0.5, y + 0.5), hanging, size) for x, y in finding.outline)
    ]
    return finding.model_copy(update={"box": hang_box(finding.box, hanging, size), "outline": outline})


def hang_box(box: Box, hanging: Hanging | None, size: tuple[int, int]) -> Box:
    """Transform a box to its place on the hung film; see `hang_finding`."""
    if hanging is None:
        return box
    edges = [(box.x, box.y), (box.x + box.width, box.y + box.height)]  # a box covers whole pixels up to its far edge
    (x0, y0), (x1, y1) = (_turned(edge, hanging, size) for edge in edges)
    return Box(x=min(x0, x1), y=min(y0, y1), width=abs(x1 - x0), height=abs(y1 - y0))


def move_finding(finding: Finding, x: float, y: float) -> Finding:
    """Move a finding by so many pixels."""
    box = finding.box.model_copy(update={"x": finding.box.x + x, "y": finding.box.y + y})
    outline = finding.outline and [(at_x + x, at_y + y) for at_x, at_y in finding.outline]
    return finding.model_copy(update={"box": box, "outline": outline})


def _turned(point: tuple[float, float], hanging: Hanging, size: tuple[int, int]) -> tuple[float, float]:
    (x, y), (width, height) = point, size
    for _ in range(hanging.rotation // 90):
        x, y, width, height = height - y, x, height, width
    return (width - x if hanging.mirrored else x), y
