"""Decodes picture files, either as they were stored or as 8-bit RGB."""

import io
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import imagecodecs
import numpy as np
from billiard.exceptions import SoftTimeLimitExceeded
from numpy.typing import NDArray

from lobule.contracts.modality import ModalitySpec
from lobule.errors import AnalysisError
from lobule.imaging.colour import RGB8, Colours
from lobule.imaging.header import read_header
from lobule.imaging.jpeg_pixels import decode_jpeg
from lobule.imaging.picture import Picture
from lobule.imaging.png_pixels import decode_png
from lobule.imaging.tiff_pixels import decode_tiff

_DECODERS: dict[str, Callable[[bytes], Picture]] = {"PNG": decode_png, "JPEG": decode_jpeg, "TIFF": decode_tiff}
# libpng's warnings repeat words of the file; relevant ones are raised as exceptions.
logging.getLogger("imagecodecs").setLevel(logging.CRITICAL)
_CUT_OFF = ("truncated", "incomplete", "too small", "not enough", "eof", "premature")


def decode_picture(data: bytes, modality: str | ModalitySpec) -> Picture:
    """Decode a PNG, JPEG or TIFF upright and in its original depth.

    Args:
        data: The whole file.
        modality: Determines the accepted formats.

    Raises:
        AnalysisError: As raised by `read_header`; `unsupported_format` for unsupported kinds of pixels,
            `image_truncated` if the pixels end early, or `image_unreadable`.
    """
    header = read_header(io.BytesIO(data), modality)
    with decoder_errors(header.format):
        return _DECODERS[header.format](data)


def decode_rgb(data: bytes, modality: str | ModalitySpec = "histopathology") -> RGB8:
    """Decode a PNG, JPEG or TIFF into upright 8-bit sRGB.

    The orientation tag and an embedded colour profile are applied, alpha is composited over white (blank glass), CMYK,
    L*a*b* and palettes are converted, and deeper samples keep their upper byte.

    Args:
        data: The whole file.
        modality: Determines the accepted formats.

    Returns:
        uint8 array of shape (height, width, 3).

    Raises:
        AnalysisError: See `decode_picture`.
    """
    return to_rgb(Colours(decode_picture(data, modality)))


def to_rgb(colours: Colours) -> RGB8:
    """A whole picture in 8-bit sRGB (height, width, 3)."""
    picture = colours.picture
    if colours.is_plain:
        return np.ascontiguousarray(picture.samples)
    rgb = np.empty((picture.height, picture.width, 3), np.uint8)
    for top, part in colours.parts():
        rgb[top : top + len(part)] = part
    return rgb


@contextmanager
def decoder_errors(file_format: str) -> Iterator[None]:
    """Turn a decoder's errors on damaged bytes into an `AnalysisError`; errors of memory and time pass unchanged.

    Raises:
        AnalysisError: `image_truncated` or `image_unreadable`.
    """
    try:
        yield
    except (AnalysisError, MemoryError, SoftTimeLimitExceeded):
        raise
    except Exception as error:  # noqa: BLE001 - decoders of hostile bytes can raise any exception
        words = str(error).lower()
        if isinstance(error, EOFError) or any(word in words for word in _CUT_OFF):
            raise AnalysisError("image_truncated", "pixels") from None
        raise AnalysisError("image_unreadable", "pixels", format=file_format, error=type(error).__name__) from None


# The averaging filter at zlib's fastest level, looking for runs of equal bytes only. On fields it is a quarter faster
# than zlib's default strategy, and the file as large; films, whose background is black, get smaller. Pillow, which
# chooses among all filters, takes more than twice as long.
_PNG_OPTIONS = {"level": 1, "filter": imagecodecs.PNG.FILTER.AVG, "strategy": imagecodecs.PNG.STRATEGY.RLE}


def encode_png(image: NDArray[np.uint8]) -> bytes:
    """Encode an 8-bit grey (height, width) or RGB (height, width, 3) array as PNG."""
    if image.dtype != np.uint8 or image.ndim not in (2, 3):
        raise ValueError(f"cannot encode an array of shape {image.shape} and type {image.dtype} as PNG")
    return bytes(imagecodecs.png_encode(np.ascontiguousarray(image), **_PNG_OPTIONS))
