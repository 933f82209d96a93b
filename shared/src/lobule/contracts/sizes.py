"""Sizes in millimetres, as every place shows them: the longest side of a box, in whole millimetres."""

import math

from lobule.contracts.result import Box, ImageInfo


def longest_mm(box: Box, image: ImageInfo) -> float | None:
    """The longest side of a box in mm; None if the spacing of its film is not known."""
    if image.pixel_spacing_mm is None:
        return None
    row, column = image.pixel_spacing_mm
    return max(box.width * column, box.height * row)


def whole_mm(mm: float) -> int:
    """Millimetres without decimals; halves are rounded up, as in the portal's scripts."""
    return math.floor(mm + 0.5)
