"""The facts that PNG, JPEG and TIFF headers state, and the limits of their size."""

from dataclasses import dataclass
from typing import BinaryIO, Literal

from lobule import limits
from lobule.errors import AnalysisError

PictureFormat = Literal["PNG", "JPEG", "TIFF"]
Colour = Literal["grey", "rgb", "palette", "cmyk", "ycbcr", "lab"]


@dataclass(frozen=True)
class PictureHeader:
    """A picture as its header describes it.

    Attributes:
        format: Format by content.
        width: Stored columns.
        height: Stored rows.
        bits: Bits of a sample.
        samples: Samples per pixel as stored, alpha included.
        colour: Colour space of the samples.
        decoded_bytes: Bytes that decoding holds in memory at once.
    """

    format: PictureFormat
    width: int
    height: int
    bits: int
    samples: int
    colour: Colour
    decoded_bytes: int


def check_size(width: int, height: int, decoded_bytes: int = 0) -> None:
    """Refuse a picture that is too large or too small.

    Raises:
        AnalysisError: `too_many_pixels` or `image_too_small`.
    """
    if width * height > limits.MAX_PIXELS or max(width, height) > limits.MAX_SIDE:
        megapixels = limits.MAX_PIXELS // 1_000_000
        raise AnalysisError(
            "too_many_pixels", "size", width=width, height=height, megapixels=megapixels, side=limits.MAX_SIDE
        )
    if min(width, height) < limits.MIN_SIDE:
        raise AnalysisError("image_too_small", "size", width=width, height=height, least=limits.MIN_SIDE)
    if decoded_bytes > limits.MAX_DECODED_BYTES:
        megabytes, most = decoded_bytes // 1_000_000, limits.MAX_DECODED_BYTES // 1_000_000
        raise AnalysisError("too_many_pixels", "decoded", width=width, height=height, megabytes=megabytes, most=most)


def seek(stream: BinaryIO, position: int, file_format: str) -> None:
    """Seek to an offset, which can be beyond the end of the file.

    Raises:
        AnalysisError: `image_unreadable` if the offset is impossible.
    """
    if position >= 1 << 62:
        raise AnalysisError("image_unreadable", "header_offset", format=file_format)
    stream.seek(position)


def read_exactly(stream: BinaryIO, count: int, file_format: str) -> bytes:
    """Read bytes of a header.

    Raises:
        AnalysisError: `image_unreadable` if the file ends first.
    """
    data = stream.read(count)
    if len(data) < count:
        raise AnalysisError("image_unreadable", "header_ends", format=file_format)
    return data
