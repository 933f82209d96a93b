"""Moves the findings of a film to their places on the hung film."""

import numpy as np

from lobule.contracts.result import Box, Finding, Hanging
from lobule.imaging.hanging import points_as_hung


def hang_finding(finding: Finding, hanging: Hanging | None, size: tuple[int, int]) -> Finding:
    """Transform a finding to its place on the hung film.

    Args:
        finding: In stored pixels.
        hanging: How the film is turned.
        size: Width and height of the stored film in pixels.
    """
    if hanging is None:
        return finding
    outline = finding.outline
    if outline:
        # Outlines run through the centres of pixels: half a pixel from their edges, each way.
        line = points_as_hung(np.array(outline) + 0.5, hanging, size[::-1]) - 0.5
        outline = [(x, y) for x, y in line.tolist()]
    return finding.model_copy(update={"box": hang_box(finding.box, hanging, size), "outline": outline})


def hang_box(box: Box, hanging: Hanging | None, size: tuple[int, int]) -> Box:
    """Transform a box to its place on the hung film; see `hang_finding`."""
    if hanging is None:
        return box
    # A box covers whole pixels up to its far edge.
    edges = np.array([(box.x, box.y), (box.x + box.width, box.y + box.height)])
    (x0, y0), (x1, y1) = points_as_hung(edges, hanging, size[::-1]).tolist()
    return Box(x=min(x0, x1), y=min(y0, y1), width=abs(x1 - x0), height=abs(y1 - y0))


def move_finding(finding: Finding, x: float, y: float) -> Finding:
    """Move a finding by so many pixels."""
    box = finding.box.model_copy(update={"x": finding.box.x + x, "y": finding.box.y + y})
    outline = finding.outline and [(at_x + x, at_y + y) for at_x, at_y in finding.outline]
    return finding.model_copy(update={"box": box, "outline": outline})
