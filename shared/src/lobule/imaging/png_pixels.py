"""Pixels of PNG files."""

import io

import imagecodecs

from lobule import limits
from lobule.errors import AnalysisError
from lobule.imaging.exif import exif_orientation
from lobule.imaging.orientation import upright
from lobule.imaging.picture import Picture
from lobule.imaging.png_header import SIGNATURE, Chunk, chunks, profile_of, read_png

_MOST_INFLATED = 1032  # times its size, the most that Deflate can inflate
_INFLATED_BY_LIBPNG = (b"zTXt", b"iTXt")
_OF_PIXELS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")


def decode_png(data: bytes) -> Picture:
    """Decode a PNG.

    Args:
        data: The whole file.

    Raises:
        AnalysisError: As raised by `read_png`; `image_truncated` if there is too little data for the pixels.
    """
    header = read_png(io.BytesIO(data))
    found = list(chunks(io.BytesIO(data), limits.MAX_PNG_DATA_CHUNKS))
    packed = sum(chunk.length for chunk in found if chunk.kind == b"IDAT")
    stored = header.width * header.height * header.samples * header.bits // 8
    if packed * _MOST_INFLATED < stored or found[-1].start + found[-1].length > len(data):
        raise AnalysisError("image_truncated", "pixels")
    samples = imagecodecs.png_decode(_of_pixels_alone(data, found))
    if samples.shape[:2] != (header.height, header.width):
        raise AnalysisError("image_unreadable", "two_sizes", format="PNG")
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    orientation = next((exif_orientation(_content(data, chunk)) for chunk in found if chunk.kind == b"eXIf"), 1)
    profile = next((profile_of(_content(data, chunk)) for chunk in found if chunk.kind == b"iCCP"), None)
    return Picture(
        upright(samples, orientation),
        bits=8 * samples.dtype.itemsize,
        colour="grey" if channels <= 2 else "rgb",
        alpha="straight" if channels in (2, 4) else "none",
        profile=profile,
    )


def _of_pixels_alone(data: bytes, found: list[Chunk]) -> bytes:
    """The file without compressed texts, because libpng would inflate and keep each of them."""
    if not any(chunk.kind in _INFLATED_BY_LIBPNG for chunk in found):
        return data
    view = memoryview(data)
    kept = (view[c.start - 8 : c.start + c.length + 4] for c in found if c.kind in _OF_PIXELS)
    return b"".join((SIGNATURE, *kept))


def _content(data: bytes, chunk: Chunk) -> bytes:
    return data[chunk.start : chunk.start + chunk.length]
