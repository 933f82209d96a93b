"""Reads regions from files: cropped pictures, or boxes on whole films."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lobule.contracts.region import RegionOutcome
from lobule.contracts.result import Box
from lobule.decoding.image_file import ImageFile
from lobule.decoding.images import read_film
from lobule.imaging.decode import decode_picture
from lobule.imaging.film import Film
from lobule.imaging.hanging import points_as_hung
from lobule.imaging.read_film import grey_bits, grey_of
from mammo_worker.films.breast import Breast
from mammo_worker.films.hanging import hang_film
from mammo_worker.regions.prepare import PreparedRegion, region_at, squared
from mammo_worker.regions.scale import Scale, scale_of_film, scale_of_picture

_PERCENTILES = (0.5, 99.9)
_LEAST_PIXELS = 4
_MOST_SIDE = 6000  # square pixels of a region; 0.02 mm each in the largest one, finer than any film is scanned


@dataclass(frozen=True)
class RegionInput:
    """A region that was read from a file.

    Attributes:
        outcome: Whether it can be classified, or the reason why not.
        scale: Scale of its image.
        prepared: Input of the classifier; None if it cannot be classified.
    """

    outcome: RegionOutcome
    scale: Scale
    prepared: PreparedRegion | None


def region_of_picture(data: bytes, side: int, spacing: float | None) -> RegionInput:
    """Read a picture that shows only the region, tissue bright.

    Args:
        data: The whole file.
        side: Side of the classifier's canvas.
        spacing: Spacing in mm per pixel; None if unknown.

    Raises:
        AnalysisError: The file cannot be read.
    """
    picture = decode_picture(data, "mammography")
    grey = grey_of(picture).astype(np.float32) * (255.0 / (2 ** grey_bits(picture) - 1))
    scale = scale_of_picture(spacing)
    outcome = "answered" if spacing is None else scale.outcome(grey.shape[1], grey.shape[0])
    return RegionInput(outcome, scale, region_at(grey, scale.mm_per_pixel, side) if outcome == "answered" else None)


def regions_of_film(
    file: ImageFile | bytes, boxes: Sequence[Box], side: int, spacing: tuple[float, float] | None
) -> list[RegionInput]:
    """Read boxes on a film.

    Args:
        file: The file, or its content.
        boxes: Boxes in pixels of the upright film.
        side: Side of the classifier's canvas.
        spacing: Spacing of rows and columns in mm, if the file does not state it; without one, that of a film of usual
            height.

    Raises:
        AnalysisError: The file cannot be read.
    """
    film = read_film(file)
    scale = scale_of_film(film, spacing)
    known = None if scale.assumed else scale.spacing
    breast = hang_film(replace(film, pixel_spacing_mm=known), film.hanging).breast
    return regions_on(film, boxes, side, scale, breast)


def regions_on(film: Film, boxes: Sequence[Box], side: int, scale: Scale, breast: Breast) -> list[RegionInput]:
    """Read boxes on a film that was read before.

    Args:
        film: The film.
        boxes: Boxes in pixels of the upright film.
        side: Side of the classifier's canvas.
        scale: Scale of the film.
        breast: The breast on the film as it hangs.
    """
    low, high = grey_range(film)
    regions: list[RegionInput] = []
    for box, is_beside in zip(boxes, _beside_breast(film, breast, boxes), strict=True):
        rows = slice(max(0, round(box.y)), max(0, round(box.y + box.height)))
        columns = slice(max(0, round(box.x)), max(0, round(box.x + box.width)))
        part = film.pixels[rows, columns]
        is_seen = min(part.shape) >= _LEAST_PIXELS
        outcome = scale.outcome(part.shape[1], part.shape[0]) if is_seen else "too_small"
        if outcome == "answered" and is_beside:
            outcome = "no_tissue"
        prepared = None
        if outcome == "answered":
            part, spacing = _reduced(part, scale.spacing)
            grey = (part.astype(np.float32) - low) * (255.0 / max(high - low, 1.0))
            prepared = region_at(*squared(grey, spacing), side)
        regions.append(RegionInput(outcome, scale, prepared))
    return regions


def grey_range(film: Film) -> tuple[float, float]:
    """The measured values that are 0 and 255 in the grey of the training crops."""
    low, high = (0.0, 255.0) if film.pixels.dtype == np.uint8 else film.percentiles(_PERCENTILES)
    return low, high


def _reduced(part: NDArray[Any], spacing: tuple[float, float]) -> tuple[NDArray[Any], tuple[float, float]]:
    """A part of a film that has at most `_MOST_SIDE` pixels a side once they are square, and its spacing.

    Pixels may be stated to be small, and much longer than wide: squared, a film of 100 megapixels would have 400.
    """
    rows, columns = (count * each for count, each in zip(part.shape, spacing, strict=True))
    finest = max(rows, columns) / _MOST_SIDE
    if min(spacing) >= finest:
        return part, spacing
    height, width = round(rows / max(spacing[0], finest)), round(columns / max(spacing[1], finest))
    smaller = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)
    return smaller, (rows / height, columns / width)


def _beside_breast(film: Film, breast: Breast, boxes: Sequence[Box]) -> list[bool]:
    """Whether each box shows air instead of tissue; False for all of them if no breast is found."""
    if not breast.mask.any():
        return [False] * len(boxes)
    corners = np.array([[(box.x, box.y), (box.x + box.width, box.y + box.height)] for box in boxes])
    hung = points_as_hung(corners.reshape(-1, 2), film.hanging, film.pixels.shape).reshape(-1, 2, 2)
    return [breast.is_beside(*box.min(axis=0), *box.max(axis=0)) for box in hung]
