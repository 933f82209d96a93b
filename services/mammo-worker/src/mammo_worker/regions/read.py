"""Regions from files: cut-out pictures, or boxes on whole films."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lobule.errors import AnalysisError
from lobule.imaging.decode import decode_picture
from lobule.imaging.read_film import read_film
from mammo_worker.regions.package import RegionReader
from mammo_worker.regions.prepare import PreparedRegion, prepare_region

NATIVE_SPACING = 0.05  # mm a pixel, as the crops that were learned from
_FILM_HEIGHT = 240.0  # mm, of a film that does not say its scale
_LARGEST = 4000  # sides of a region, native pixels
_PERCENTILES = (0.5, 99.9)


@dataclass(frozen=True)
class BoxOnFilm:
    """A region of a film, in pixels of the film as it is read: upright."""

    file: Path
    x: float
    y: float
    width: float
    height: float


def read_boxes(path: Path) -> list[BoxOnFilm]:
    """Rows of a CSV with the columns file, x, y, width and height.

    Raises:
        ValueError: A column is missing or a number is none.
    """
    with path.open(newline="", encoding="utf-8") as stream:
        try:
            return [
                BoxOnFilm(Path(r["file"]), *(float(r[k]) for k in ("x", "y", "width", "height")))
                for r in csv.DictReader(stream)
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path} needs the columns file, x, y, width and height: {error}") from None


def region_of_picture(data: bytes, side: int, spacing: float | None) -> PreparedRegion:
    """A picture that shows the region alone, tissue bright.

    Args:
        data: The whole file.
        side: Of the classifier's canvas.
        spacing: mm a pixel; 0.05 where not known.

    Raises:
        AnalysisError: The file cannot be read.
    """
    picture = decode_picture(data, "mammography")
    grey = picture.samples if picture.samples.ndim == 2 else picture.samples[..., :3].mean(axis=-1)
    return _prepared(np.asarray(grey, np.float32) * (255.0 / (2**picture.bits - 1)), spacing or NATIVE_SPACING, side)


def regions_of_film(data: bytes, boxes: list[BoxOnFilm], side: int, spacing: float | None) -> list[PreparedRegion]:
    """Boxes on a film.

    Args:
        data: The whole file.
        boxes: On this film.
        side: Of the classifier's canvas.
        spacing: mm a pixel; what the file says where not given, and a film's usual height where it says nothing.

    Raises:
        AnalysisError: The file cannot be read, or `image_too_small` where hardly anything of a box is on the film.
    """
    film = read_film(data)
    told = film.pixel_spacing_mm[0] if film.pixel_spacing_mm else _FILM_HEIGHT / film.pixels.shape[0]
    scale = told if spacing is None else spacing
    low, high = (0.0, 255.0) if film.pixels.dtype == np.uint8 else film.percentiles(_PERCENTILES)
    regions: list[PreparedRegion] = []
    for box in boxes:
        rows = slice(max(0, round(box.y)), round(box.y + box.height))
        columns = slice(max(0, round(box.x)), round(box.x + box.width))
        part = film.pixels[rows, columns].astype(np.float32)
        if min(part.shape) < 4:
            raise AnalysisError("image_too_small", "box", file=str(box.file))
        regions.append(_prepared((part - low) * (255.0 / max(high - low, 1.0)), scale, side))
    return regions


def _prepared(grey: NDArray[Any], spacing: float, side: int) -> PreparedRegion:
    """At the scale that was learned from."""
    factor = min(spacing / NATIVE_SPACING, _LARGEST / max(grey.shape))
    if abs(factor - 1) > 0.2:
        size = (max(4, round(grey.shape[1] * factor)), max(4, round(grey.shape[0] * factor)))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)
    return prepare_region(np.clip(grey, 0, 255).round().astype(np.uint8), grey.shape[:2], side)


def write_opinions(
    reader: RegionReader, files: Sequence[Path], boxes: Sequence[BoxOnFilm], output: Path, spacing: float | None
) -> list[str]:
    """Read pictures and films one after the other, and write a row for each region.

    Args:
        reader: The classifier.
        files: Pictures of single regions.
        boxes: On films.
        output: CSV; rows of boxes have the box behind the three columns.
        spacing: mm a pixel of all files, where they do not say it.

    Returns:
        A line for each file that could not be read.
    """
    refused: list[str] = []
    on_films: dict[Path, list[BoxOnFilm]] = {}
    for box in boxes:
        on_films.setdefault(box.file, []).append(box)
    with output.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("file", "kind", "probability_malignant", *(("x", "y", "width", "height") if boxes else ())))
        for file in [*files, *on_films]:
            own = on_films.get(file, [])
            try:
                data = file.read_bytes()
                regions = (
                    regions_of_film(data, own, reader.side, spacing)
                    if own
                    else [region_of_picture(data, reader.side, spacing)]
                )
            except (AnalysisError, OSError) as error:
                refused.append(f"{file}: {error}")
                continue
            places = [(b.x, b.y, b.width, b.height) for b in own] or [()]
            for opinion, place in zip(reader(regions), places, strict=True):
                writer.writerow((file, opinion.kind, round(opinion.probability_malignant, 5), *place))
    return refused
