"""Sizes in words: in mm where the spacing of the film is known."""

from lobule.contracts.result import Box, ImageInfo
from lobule.contracts.sizes import whole_mm
from lobule.words import Words


def size_words(box: Box, image: ImageInfo, text: Words) -> str:
    """How large a box is: in mm where the spacing is known."""
    if image.pixel_spacing_mm is None:
        return text("examined.pixels", width=round(box.width), height=round(box.height))
    row, column = image.pixel_spacing_mm
    width, height = whole_mm(box.width * column), whole_mm(box.height * row)
    return text(f"findings.millimetres{_plane(image)}", width=width, height=height)


def image_size(image: ImageInfo, text: Words) -> str:
    """How large an image is: in pixels, and in mm where the spacing is known."""
    if image.pixel_spacing_mm is None:
        return text("examined.pixels", width=image.width, height=image.height)
    row, column = image.pixel_spacing_mm
    width_mm, height_mm = whole_mm(image.width * column), whole_mm(image.height * row)
    size = {"width": image.width, "height": image.height, "width_mm": width_mm, "height_mm": height_mm}
    return text(f"examined.pixels_mm{_plane(image)}", **size)


def _plane(image: ImageInfo) -> str:
    """The suffix of a key for sizes in mm: sizes on the detector are larger than those in the breast."""
    return "" if image.spacing_plane == "patient" else f".{image.spacing_plane or 'unknown'}"
