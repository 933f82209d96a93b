"""The scale bar on the picture of a field."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from report.overlay import RGB8
from report.palette import INK, WASH
from report.parts import ScaleBar
from report.tags import Place, TagPlaces
from report.typeface import length, write

_LETTERS = 1 / 18  # of the picture's shorter side
_LEAST_LETTERS = 12  # pixels


def draw_scale_bar(picture: RGB8, bar: ScaleBar, across: float, squares: Sequence[Place], places: TagPlaces) -> RGB8:
    """Draw a scale bar into the corner in which it covers least of what is marked.

    Args:
        picture: uint8, (height, width, 3).
        bar: The bar.
        across: Pixels of the picture per pixel of the image, across.
        squares: What is marked on the picture.
        places: Receives the place of the bar, so that no tag stands over it.

    Returns:
        A new array like `picture`.
    """
    image = Image.fromarray(picture)
    size = max(_LEAST_LETTERS, round(min(image.size) * _LETTERS))
    margin, line, long = size // 2, max(2, size // 6), round(bar.pixels * across)
    width = max(long, round(length(bar.words, size, "Semibold"))) + 2 * margin
    height = size + line + 3 * margin
    corners = _corners(image.size, width, height, margin)
    plate = min(corners, key=lambda corner: sum(corner.shared_with(each) for each in squares))
    places.taken.append(plate)
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle(plate, radius=margin // 2, fill=WASH)
    left, under = plate.left + (width - long) // 2, plate.bottom - margin
    draw.rectangle((left, under - line + 1, left + long - 1, under), fill=INK)
    for end in (left, left + long - line):
        draw.rectangle((end, under - 3 * line + 1, end + line - 1, under), fill=INK)
    write(draw, (plate.left + width / 2, plate.top + margin + size / 2), bar.words, size, "Semibold", INK, "mm")
    return np.asarray(image)


def _corners(size: tuple[int, int], width: int, height: int, margin: int) -> list[Place]:
    """The places in the corners of a picture, the best first."""
    right, low = size[0] - width - margin, size[1] - height - margin
    return [Place(left, top, left + width - 1, top + height - 1) for top in (low, margin) for left in (margin, right)]
