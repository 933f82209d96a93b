"""Annotated films: the record that every reader of a data set returns."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class AnnotatedFilm:
    """A film with its truth.

    Attributes:
        name: File name.
        patient: Patient, unique within the data set.
        boxes: Boxes (N, 4) of x1, y1, x2, y2 in pixels of the film that `read` returns.
        labels: Labels (N,): benign, malignant, or a mass of either class.
        malignant: Whether a malignant mass is on the film; None if the data set does not distinguish the classes.
        read: Reads the film, grey, tissue bright.
        read_mask: Reads the union of the masks at the film's size, if the data set has them.
        attributes: Further attributes of the film in the data set.
        path: File of the film.
    """

    name: str
    patient: str
    boxes: NDArray[np.float32]
    labels: NDArray[np.int32]
    malignant: bool | None
    read: Callable[[], NDArray[np.uint8]]
    read_mask: Callable[[], NDArray[np.uint8]] | None = None
    attributes: dict[str, str] = field(default_factory=dict[str, str])
    path: Path | None = None


def csv_rows(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV by the names of its columns."""
    with path.open(newline="", encoding="utf-8") as stream:
        yield from csv.DictReader(stream)


def read_grey(path: Path) -> NDArray[np.uint8]:
    """Read a picture in grey with 8 bits.

    Raises:
        FileNotFoundError: The file does not exist or cannot be read.
    """
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise FileNotFoundError(path)
    return image.astype(np.uint8)


def plain_reader(path: Path) -> Callable[[], NDArray[np.uint8]]:
    """Return a function that reads a picture in grey."""
    return lambda: read_grey(path)
