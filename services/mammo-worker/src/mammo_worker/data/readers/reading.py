"""Functions that the readers of data sets share, for pixels, masks and boxes."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lobule.errors import AnalysisError
from lobule.imaging.read_film import read_film


def film_pixels(path: Path) -> NDArray[Any]:
    """Read a film in any format that the service supports, tissue bright.

    Raises:
        ValueError: The film cannot be read; the message contains the reason.
    """
    try:
        return read_film(path.read_bytes()).pixels
    except (AnalysisError, OSError) as error:
        raise ValueError(f"{path}: {getattr(error, 'detail', None) or error}") from None


def mask_pixels(path: Path) -> NDArray[np.uint8]:
    """Read a mask as 255 inside: every value above 0 of a picture or a DICOM.

    Raises:
        ValueError: The mask cannot be read.
    """
    if path.suffix.lower() in (".dcm", ".dicom"):
        return ((film_samples(path) > 0) * 255).astype(np.uint8)
    mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if mask is None:
        raise ValueError(f"{path}: it is not a picture")
    return ((mask > 0) * 255).astype(np.uint8)


def film_samples(path: Path) -> NDArray[Any]:
    """Read the stored samples of a DICOM without any conversion.

    Raises:
        ValueError: The DICOM cannot be read.
    """
    from pydicom import dcmread

    try:
        return dcmread(path).pixel_array
    except Exception as error:  # noqa: BLE001 - pydicom raises many kinds of errors for damaged files
        raise ValueError(f"{path}: {type(error).__name__}: {error}") from None


def union_reader(paths: Sequence[Path]) -> Callable[[], NDArray[np.uint8]] | None:
    """Return a function that reads the union of masks of one size; None without masks."""
    if not paths:
        return None
    return lambda: np.maximum.reduce([mask_pixels(path) for path in paths])


def polygon_reader(
    polygons: Sequence[NDArray[Any]], size_of: Callable[[], tuple[int, int]]
) -> Callable[[], NDArray[np.uint8]] | None:
    """Return a function that draws filled polygons on a mask of the film's size; None without polygons."""
    if not polygons:
        return None
    points = [np.rint(p).astype(np.int32).reshape(-1, 1, 2) for p in polygons]
    return lambda: cv2.fillPoly(np.zeros(size_of(), np.uint8), points, (255,)).astype(np.uint8)


def box_around(mask: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """The box x1, y1, x2, y2 around a mask; None if the mask is empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float32)


def as_boxes(boxes: Sequence[Any]) -> NDArray[np.float32]:
    """Boxes as an array (N, 4), also without boxes."""
    return np.array(boxes, np.float32).reshape(-1, 4)


def as_labels(labels: Sequence[int]) -> NDArray[np.int32]:
    """Labels as an array (N,), also without labels."""
    return np.array(labels, np.int32)
