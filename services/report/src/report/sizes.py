"""Sizes in words: in mm where the spacing of a film is known, in micrometres where the scale of a field is."""

from math import floor, log10

from lobule.contracts.result import Box, ImageInfo, Result
from lobule.contracts.sizes import whole_mm
from lobule.words import Words
from report.parts import ScaleBar

_LONGEST_BAR = 0.25  # of a field's width


def size_words(box: Box, image: ImageInfo, text: Words) -> str:
    """How large a box is: in mm where the spacing is known."""
    if image.pixel_spacing_mm is None:
        return text("examined.pixels", width=round(box.width), height=round(box.height))
    row, column = image.pixel_spacing_mm
    width, height = whole_mm(box.width * column), whole_mm(box.height * row)
    return text(f"findings.millimetres{_plane(image)}", width=width, height=height)


def position_words(box: Box, image: ImageInfo, text: Words) -> str:
    """Where the centre of a box is on its image, from the upper left: in mm where the spacing is known."""
    x, y = box.x + box.width / 2, box.y + box.height / 2
    if image.pixel_spacing_mm is None:
        return text("findings.at.pixels", x=round(x), y=round(y))
    row, column = image.pixel_spacing_mm
    return text(f"findings.at{_plane(image)}", x=whole_mm(x * column), y=whole_mm(y * row))


def position_on(box: Box, result: Result, text: Words) -> str:
    """The same of what lies on an image that may be a field: in micrometres where its scale is known."""
    if (known := _scale_of_field(result)) is None:
        return position_words(box, result.image, text)
    um, unit = known
    x, y = (box.x + box.width / 2) * um, (box.y + box.height / 2) * um
    return text(f"findings.at.{unit}", x=round(x), y=round(y))


def size_on(box: Box, result: Result, text: Words) -> str:
    """How large a box on a field is: in micrometres where its scale is known, about that by its magnification."""
    if (known := _scale_of_field(result)) is None:
        return size_words(box, result.image, text)
    um, unit = known
    return text(f"reading.finding.size.{unit}", width=round(box.width * um), height=round(box.height * um))


def scale_bar_of(result: Result, text: Words) -> ScaleBar | None:
    """The scale bar of a field: the longest round length up to a quarter of its width; None where it is a guess."""
    if (known := _scale_of_field(result)) is None:
        return None
    um, unit = known
    most = result.image.width * um * _LONGEST_BAR
    power = 10.0 ** floor(log10(most))
    # A little below a power of ten, the logarithm may be rounded up to it.
    micrometres = next(times * power for times in (5, 2, 1, 0.5) if times * power <= most)
    return ScaleBar(pixels=micrometres / um, words=text(f"tools.length.{unit}", length=f"{micrometres:g}"))


def _scale_of_field(result: Result) -> tuple[float, str] | None:
    """Micrometres per pixel of a field with the unit of its lengths; None if they are not known or estimated."""
    tissue = result.tissue
    um = tissue.um_per_pixel if tissue else result.image.um_per_pixel
    if um is None or (tissue and tissue.scale_source == "estimated"):
        return None
    return um, "nominal" if tissue and tissue.scale_source == "magnification" else "um"


def image_size(image: ImageInfo, text: Words) -> str:
    """How large an image is: in pixels, and in mm where the spacing is known."""
    if image.pixel_spacing_mm is None:
        return text("examined.pixels", width=image.width, height=image.height)
    row, column = image.pixel_spacing_mm
    width_mm, height_mm = whole_mm(image.width * column), whole_mm(image.height * row)
    size = {"width": image.width, "height": image.height, "width_mm": width_mm, "height_mm": height_mm}
    return text(f"examined.pixels_mm{_plane(image)}", **size)


def from_nipple_words(mm: float | None, image: ImageInfo, text: Words) -> str:
    """How far a finding is from the nipple on its film; empty if it is not known."""
    return "" if mm is None else text(f"findings.from_nipple{_plane(image)}", mm=whole_mm(mm))


def _plane(image: ImageInfo) -> str:
    """The suffix of a key for sizes in mm: sizes on the detector are larger than those in the breast."""
    return "" if image.spacing_plane == "patient" else f".{image.spacing_plane or 'unknown'}"
