"""What PNG, JPEG and TIFF headers have in common: the facts that they state, and how they are refused."""

from dataclasses import dataclass
from typing import BinaryIO, Literal, NoReturn

from lobule.contracts.errors import AnalysisError
from lobule.imaging import limits

PictureFormat = Literal["PNG", "JPEG", "TIFF"]
Colour = Literal["grey", "rgb", "palette", "cmyk", "ycbcr", "lab"]


@dataclass(frozen=True)
class PictureHeader:
    """A picture as its header describes it.

    Attributes:
        format: By content.
        width: Stored columns.
        height: Stored rows.
        bits: Of a sample.
        samples: Per pixel as stored, alpha included.
        colour: What they are.
        decoded_bytes: That decoding holds at once.
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
        raise AnalysisError(
            "too_many_pixels",
            f"The image has {width} x {height} pixels; at most {limits.MAX_PIXELS // 1_000_000} megapixels and "
            f"{limits.MAX_SIDE} pixels on a side can be analysed. "
            "Please upload a single field or film, not a whole slide.",
        )
    if min(width, height) < limits.MIN_SIDE:
        raise AnalysisError(
            "image_too_small",
            f"The image has only {width} x {height} pixels; at least {limits.MIN_SIDE} on each side are needed.",
        )
    if decoded_bytes > limits.MAX_DECODED_BYTES:
        raise AnalysisError(
            "too_many_pixels",
            f"The image of {width} x {height} pixels takes {decoded_bytes // 1_000_000} MB once it is decoded; at most "
            f"{limits.MAX_DECODED_BYTES // 1_000_000} MB can be analysed. Please export it with 8 bits per sample, "
            "without transparency and not as progressive JPEG.",
        )


def refuse_kind(what: str, instead: str) -> NoReturn:
    """Refuse a valid file of an unsupported kind.

    Raises:
        AnalysisError: `unsupported_format`.
    """
    raise AnalysisError("unsupported_format", f"{what}, which is not read here. {instead}")


def damaged_header(file_format: str, what: str) -> AnalysisError:
    """The error of a header that contradicts its format."""
    return AnalysisError(
        "image_unreadable", f"The {file_format}'s header is damaged: {what}. Please export the image again."
    )


def cut_off() -> AnalysisError:
    """The error of a file whose pixels end early."""
    return AnalysisError(
        "image_truncated", "The image ends before its last pixel. It was probably cut off; please export it again."
    )


def several_pictures(count: str) -> AnalysisError:
    """The error of a file with more than one picture."""
    return AnalysisError(
        "animated_image",
        f"The file holds {count} pictures. Please upload one picture per file (a single page or frame).",
    )


def seek(stream: BinaryIO, position: int, file_format: str) -> None:
    """Seek to an offset, which may be beyond the end of the file.

    Raises:
        AnalysisError: `image_unreadable` where no file is that long.
    """
    if position >= 1 << 62:
        raise damaged_header(file_format, "it points to where no file reaches")
    stream.seek(position)


def read_exactly(stream: BinaryIO, count: int, file_format: str) -> bytes:
    """Read bytes of a header.

    Raises:
        AnalysisError: `image_unreadable` where the file ends first.
    """
    data = stream.read(count)
    if len(data) < count:
        raise damaged_header(file_format, "the file ends in it")
    return data
