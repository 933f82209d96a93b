"""Headers of JPEG files (ITU-T T.81; APP markers of JFIF, Exif, Adobe and ICC)."""

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from lobule import limits
from lobule.errors import AnalysisError
from lobule.imaging.picture_header import Colour, PictureHeader, read_exactly

SIGNATURE = b"\xff\xd8\xff"

START_OF_SCAN, END_OF_IMAGE, APP1, APP2, APP14 = 0xDA, 0xD9, 0xE1, 0xE2, 0xEE
ICC = b"ICC_PROFILE\0"
"""The start of an APP2 segment with a part of a profile; its number and the number of parts follow."""
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # SOF0 to SOF15 without DHT, JPG and DAC
_READ_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xCA}
_PROGRESSIVE = {0xC2, 0xCA}
_LOSSLESS = 0xC3
_MOST_BETWEEN = 256  # bytes between segments, where none should be
_ALONE = {0x01, *range(0xD0, 0xD8)}  # markers without a length
_COLOURS: dict[int, Colour] = {1: "grey", 3: "rgb", 4: "cmyk"}


class Segment(NamedTuple):
    """A marker segment: the position of its content in the file, after its length."""

    marker: int
    start: int
    length: int


def read_jpeg(stream: BinaryIO) -> PictureHeader:
    """Read a JPEG's header, up to its first frame header, which decoders use.

    Args:
        stream: Stream at the file's start.

    Raises:
        AnalysisError: `image_unreadable` or `unsupported_format`.
    """
    for segment in segments(stream):
        if segment.marker in _FRAMES:
            return _described(stream, segment)
        if segment.marker == START_OF_SCAN:
            break
    raise AnalysisError("image_unreadable", "no_pixels", format="JPEG")


def segments(stream: BinaryIO) -> Iterator[Segment]:
    """Yield the segments up to and including the first scan, with the stream at the start of each content.

    Bytes between segments are skipped, as libjpeg does.

    Raises:
        AnalysisError: `image_unreadable`.
    """
    position = 2
    for _ in range(limits.MAX_JPEG_SEGMENTS):
        stream.seek(position)
        marker = _next_marker(stream)
        if marker in _ALONE:
            position = stream.tell()
            continue
        if marker < 0xC0 or marker in (0xD8, END_OF_IMAGE):
            raise AnalysisError("image_unreadable", "jpeg_marker", marker=f"{marker:02X}")
        length = struct.unpack(">H", read_exactly(stream, 2, "JPEG"))[0]
        if length < 2:
            raise AnalysisError("image_unreadable", "jpeg_segment_length")
        start = stream.tell()
        yield Segment(marker, start, length - 2)
        if marker == START_OF_SCAN:
            return
        position = start + length - 2
    raise AnalysisError("image_unreadable", "jpeg_segments", most=limits.MAX_JPEG_SEGMENTS)


def _next_marker(stream: BinaryIO) -> int:
    """The next marker's code; a few bytes before it are skipped."""
    stop = stream.tell() + _MOST_BETWEEN
    while stream.tell() < stop:
        byte = read_exactly(stream, 1, "JPEG")
        if byte != b"\xff":
            continue
        while byte == b"\xff" and stream.tell() < stop:
            byte = read_exactly(stream, 1, "JPEG")
        if byte not in (b"\0", b"\xff"):
            return byte[0]
    raise AnalysisError("image_unreadable", "jpeg_no_marker")


def _described(stream: BinaryIO, segment: Segment) -> PictureHeader:
    if segment.marker not in _READ_FRAMES:
        raise AnalysisError("unsupported_format", "jpeg_process", process=f"SOF{segment.marker - 0xC0}")
    bits, height, width, count = struct.unpack(">BHHB", read_exactly(stream, 6, "JPEG"))
    if segment.length != 6 + 3 * count or not width or not height:
        raise AnalysisError("image_unreadable", "no_size", format="JPEG")
    if count not in _COLOURS or bits not in ((8, 12) if segment.marker != _LOSSLESS else (8, 12, 16)):
        raise AnalysisError("unsupported_format", "jpeg_colours", colours=count, bits=bits)
    components = read_exactly(stream, 3 * count, "JPEG")
    sampling = [(byte >> 4, byte & 15) for byte in components[1::3]]
    if not all(1 <= h <= 4 and 1 <= v <= 4 for h, v in sampling):
        raise AnalysisError("image_unreadable", "jpeg_sampling")
    return PictureHeader(
        "JPEG", width, height, bits, count, _COLOURS[count], _held(segment.marker, width, height, bits, sampling)
    )


def _held(marker: int, width: int, height: int, bits: int, sampling: list[tuple[int, int]]) -> int:
    """Bytes of the samples, and of the coefficients of a progressive JPEG."""
    pixels = width * height
    size = pixels * len(sampling) * (1 if bits == 8 else 2)
    if marker in _PROGRESSIVE:
        widest, highest = (max(factors) for factors in zip(*sampling, strict=True))
        size += sum(2 * pixels * h * v // (widest * highest) for h, v in sampling)
    return size
