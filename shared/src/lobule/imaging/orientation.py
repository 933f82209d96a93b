"""Turns pictures upright by the orientation tag, which TIFF, JPEG and PNG share (Exif 3.0, tag 274)."""

from typing import Any

from numpy.typing import NDArray


def upright(samples: NDArray[Any], orientation: int) -> NDArray[Any]:
    """A picture (height, width, ...) turned upright; a view on the same memory.

    Args:
        samples: Samples as stored.
        orientation: Orientation from 1 to 8; other values do not change the picture.
    """
    if orientation in (5, 6, 7, 8):
        samples = samples.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        samples = samples[::-1]
    if orientation in (2, 3, 6, 7):
        samples = samples[:, ::-1]
    return samples
