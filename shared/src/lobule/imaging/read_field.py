"""Reading a histology field from the bytes of a file: PNG, TIFF or JPEG."""

from dataclasses import dataclass

from lobule.contracts.result import Notice
from lobule.imaging.colour import RGB8, Colours
from lobule.imaging.decode import decode_picture, to_rgb
from lobule.words import make_notice


@dataclass(frozen=True)
class Field:
    """A field as it was seen through the microscope.

    Attributes:
        pixels: Upright 8-bit sRGB (height, width, 3).
        notices: What the reader of a result should know.
    """

    pixels: RGB8
    notices: list[Notice]


def read_field(data: bytes) -> Field:
    """Read a field, an embedded colour profile applied.

    Args:
        data: The whole file.

    Raises:
        AnalysisError: See `lobule.imaging.decode.decode_picture`.
    """
    colours = Colours(decode_picture(data, "histopathology"))
    pixels = to_rgb(colours)
    if not colours.profile_refused:
        return Field(pixels, [])
    return Field(pixels, [make_notice("colour_profile_ignored")])
