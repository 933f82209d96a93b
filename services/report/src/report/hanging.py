"""Moves the findings of a film to their places on the hung film, whose pixels are square."""

import numpy as np
from numpy.typing import NDArray

from lobule.contracts.result import Box, Finding, ImageInfo
from lobule.imaging.hanging import points_as_hung, square_pixels


def hang_finding(finding: Finding, image: ImageInfo) -> Finding:
    """Transform a finding, in stored pixels, to its place on the hung film."""
    if _as_stored(image):
        return finding
    outline = finding.outline
    if outline:
        # Outlines run through the centres of pixels: half a pixel from their edges, each way.
        line = _hung(np.array(outline) + 0.5, image) - 0.5
        outline = [(x, y) for x, y in line.tolist()]
    return finding.model_copy(update={"box": hang_box(finding.box, image), "outline": outline})


def hang_box(box: Box, image: ImageInfo) -> Box:
    """Transform a box to its place on the hung film; see `hang_finding`."""
    if _as_stored(image):
        return box
    # A box covers whole pixels up to its far edge.
    edges = np.array([(box.x, box.y), (box.x + box.width, box.y + box.height)])
    (x0, y0), (x1, y1) = _hung(edges, image).tolist()
    return Box(x=min(x0, x1), y=min(y0, y1), width=abs(x1 - x0), height=abs(y1 - y0))


def hung_size(image: ImageInfo) -> tuple[float, float]:
    """Width and height of the hung film."""
    whole = hang_box(Box(x=0, y=0, width=image.width, height=image.height), image)
    return whole.width, whole.height


def _as_stored(image: ImageInfo) -> bool:
    return image.hanging is None and square_pixels(image) == (1.0, 1.0)


def _hung(points: NDArray[np.float64], image: ImageInfo) -> NDArray[np.float64]:
    return points_as_hung(points, image.hanging, (image.height, image.width)) * square_pixels(image)


def move_finding(finding: Finding, x: float, y: float) -> Finding:
    """Move a finding by so many pixels."""
    box = finding.box.model_copy(update={"x": finding.box.x + x, "y": finding.box.y + y})
    outline = finding.outline and [(at_x + x, at_y + y) for at_x, at_y in finding.outline]
    return finding.model_copy(update={"box": box, "outline": outline})
