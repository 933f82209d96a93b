"""Pixels of JPEG files."""

import io
import re
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from lobule import limits
from lobule.errors import AnalysisError
from lobule.imaging.exif import exif_orientation
from lobule.imaging.jpeg_header import APP1, APP2, APP14, END_OF_IMAGE, ICC, START_OF_SCAN, read_jpeg, segments
from lobule.imaging.orientation import upright
from lobule.imaging.picture import Picture

_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # within a scan: neither a stuffed byte nor a restart marker


def decode_jpeg(data: bytes) -> Picture:
    """Decode a JPEG, or the first picture of a file with several.

    Args:
        data: The whole file.

    Raises:
        AnalysisError: As raised by `read_jpeg`; `image_truncated` if the end of the picture is missing.
    """
    header = read_jpeg(io.BytesIO(data))
    if 8 * len(data) < header.width * header.height // 64:  # each block of 8 x 8 pixels needs at least one bit
        raise AnalysisError("image_truncated", "pixels")
    check_scans(data)
    samples: NDArray[Any] = imagecodecs.jpeg8_decode(data)
    if samples.shape[:2] != (header.height, header.width):
        raise AnalysisError("image_unreadable", "two_sizes", format="JPEG")
    orientation, profile_parts, adobe = 1, dict[int, bytes](), False
    for segment in segments(io.BytesIO(data)):
        content = data[segment.start : segment.start + segment.length]
        if segment.marker == APP1 and content.startswith(b"Exif\0\0"):
            orientation = exif_orientation(content)
        elif segment.marker == APP2 and content.startswith(ICC) and len(content) > 14:
            profile_parts[content[12]] = content[14:]
        elif segment.marker == APP14 and content.startswith(b"Adobe"):
            adobe = True
    if header.colour == "cmyk" and adobe:  # Adobe's programs store CMYK inverted, and other programs do the same
        np.subtract(samples.dtype.type(2**header.bits - 1), samples, out=samples)
    profile = b"".join(profile_parts[number] for number in sorted(profile_parts))
    colour = "rgb" if header.colour in ("rgb", "ycbcr", "palette") else header.colour
    usable = profile if 0 < len(profile) <= limits.MAX_PROFILE_BYTES else None
    return Picture(upright(samples, orientation), header.bits, colour, profile=usable)


def check_scans(data: bytes | memoryview) -> None:
    """Check a JPEG's scans without decoding them.

    Raises:
        AnalysisError: `image_unreadable` if there are more than any encoder writes, because each is a pass over all
            pixels; `image_truncated` if the last one does not end.
    """
    stream, scans = io.BytesIO(data), 0
    position = next((s.start + s.length for s in segments(stream) if s.marker == START_OF_SCAN), len(data))
    while found := _MARKER.search(data, position):
        marker = data[found.start() + 1]
        if marker == END_OF_IMAGE:
            return
        scans += marker == START_OF_SCAN
        if scans >= limits.MAX_JPEG_SCANS:
            raise AnalysisError("image_unreadable", "jpeg_scans", most=limits.MAX_JPEG_SCANS)
        position = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")
    raise AnalysisError("image_truncated", "pixels")
