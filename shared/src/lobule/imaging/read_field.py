"""Reads a histology field from the bytes of a PNG, TIFF or JPEG file."""

from dataclasses import dataclass

from lobule.contracts.result import Notice
from lobule.imaging.colour import RGB8, Colours
from lobule.imaging.decode import decode_picture, to_rgb
from lobule.imaging.field_scale import scale_in_file
from lobule.words import make_notice


@dataclass(frozen=True)
class Field:
    """A histology field.

    Attributes:
        pixels: Upright 8-bit sRGB (height, width, 3).
        notices: Notices for the reader of a result.
        um_per_pixel: Micrometres per pixel in the file; None if it states none.
    """

    pixels: RGB8
    notices: list[Notice]
    um_per_pixel: float | None = None


def read_field(data: bytes) -> Field:
    """Read a field, and apply an embedded colour profile.

    Args:
        data: The whole file.

    Raises:
        AnalysisError: See `lobule.imaging.decode.decode_picture`.
    """
    colours = Colours(decode_picture(data, "histopathology"))
    pixels = to_rgb(colours)
    notices = [make_notice("colour_profile_ignored")] if colours.profile_refused else []
    return Field(pixels, notices, scale_in_file(data))
