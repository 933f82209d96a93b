"""Turning pictures upright: the orientation tag, which TIFF, JPEG and PNG share (Exif 3.0, tag 274)."""

import io
from typing import Any

from numpy.typing import NDArray

from lobule.errors import AnalysisError
from lobule.imaging.tiff_directory import directories

ORIENTATION_TAG = 274


def upright(samples: NDArray[Any], orientation: int) -> NDArray[Any]:
    """A picture (height, width, ...) turned upright; a view on the same memory.

    Args:
        samples: As stored.
        orientation: 1 to 8; anything else leaves the picture as it is.
    """
    if orientation in (5, 6, 7, 8):
        samples = samples.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        samples = samples[::-1]
    if orientation in (2, 3, 6, 7):
        samples = samples[:, ::-1]
    return samples


def exif_orientation(exif: bytes) -> int:
    """The orientation in an Exif block; 1 where it names none that can be read.

    Args:
        exif: A TIFF structure, with or without the six bytes that stand before it in JPEG.
    """
    try:
        first = next(directories(io.BytesIO(exif.removeprefix(b"Exif\0\0"))), None)
        return first.number(ORIENTATION_TAG, 1) if first else 1
    except AnalysisError:
        return 1
