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
    box = finding.box
    edges = [(box.x, box.y), (box.x + box.width, box.y + box.height)]  # a box covers whole pixels up to its far edge
    (x0, y0), (x1, y1) = (_turned(edge, hanging, size) for edge in edges)
    # Outlines run through the centres of pixels: half a pixel from their edges, each way.
    outline = finding.outline and [
        (x - 0.5, y - 0.5) for x, y in (_turned((x + 0.5, y + 0.5), hanging, size) for x, y in finding.outline)
    ]
    turned = Box(x=min(x0, x1), y=min(y0, y1), width=abs(x1 - x0), height=abs(y1 - y0))
    return finding.model_copy(update={"box": turned, "outline": outline})


def _turned(point: tuple[float, float], hanging: Hanging, size: tuple[int, int]) -> tuple[float, float]:
    (x, y), (width, height) = point, size
    for _ in range(hanging.rotation // 90):
        x, y, width, height = height - y, x, height, width
    return (width - x if hanging.mirrored else x), y
