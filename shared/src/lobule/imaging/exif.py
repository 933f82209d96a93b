"""The orientation in Exif blocks (Exif 3.0, tag 274)."""

import io
import struct

from lobule.errors import AnalysisError
from lobule.imaging.tiff_directory import directories

ORIENTATION_TAG = 274


def exif_orientation(exif: bytes) -> int:
    """The orientation in an Exif block; 1 if it contains no readable one.

    Args:
        exif: A TIFF structure, with or without the six bytes that precede it in JPEG.
    """
    try:
        first = next(directories(io.BytesIO(exif.removeprefix(b"Exif\0\0"))), None)
        return first.number(ORIENTATION_TAG, 1) if first else 1
    except AnalysisError:
        return 1


def exif_of(orientation: int) -> bytes:
    """An Exif block (a TIFF structure) with only an orientation; empty for an upright picture.

    Args:
        orientation: 1 to 8 (Exif 3.0, tag 274); anything else counts as upright.
    """
    if orientation not in range(2, 9):
        return b""
    return b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, ORIENTATION_TAG, 3, 1, orientation, 0, 0)
