"""Lesions of CBIS-DDSM, cropped from the films at native resolution, with their descriptions in the official tables."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo_worker.regions.names import Kind
from mammo_worker.regions.targets import encode

_KINDS: dict[str, Kind] = {"mass": "mass", "calc": "calcification"}


@dataclass(frozen=True)
class Crop:
    """One lesion on one film.

    Attributes:
        path: File of the picture.
        kind: Mass or calcification.
        patient: Patient, unique within CBIS-DDSM.
        lesion: Patient, side and number of the abnormality, the same in both views.
        view: CC or MLO.
        malignant: Whether it is malignant by pathology.
        native_size: Height and width in pixels of the film, before a large crop was shrunk.
        targets: See `regions.targets`.
        weights: Weights of the targets.
    """

    path: Path
    kind: Kind
    patient: str
    lesion: str
    view: str
    malignant: bool
    native_size: tuple[int, int]
    targets: NDArray[np.float32]
    weights: NDArray[np.float32]

    def read(self) -> NDArray[np.uint8]:
        """Read the picture in grey.

        Raises:
            FileNotFoundError: The file does not exist or is not a picture.
        """
        image = cv2.imread(str(self.path), cv2.IMREAD_GRAYSCALE)
        if image is None:
            raise FileNotFoundError(self.path)
        return image.astype(np.uint8)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        yield from csv.DictReader(stream)


def cbis_crops(data: Path) -> list[Crop]:
    """Read all crops.

    Args:
        data: Folder of the data sets: `cbis_crops` (with `index.csv` and `images/`) and the official tables in
            `cbis_ddsm_mass/csv`.

    Raises:
        KeyError: A crop is missing in the tables.
    """
    described: dict[tuple[str, ...], dict[str, str]] = {}
    for short in _KINDS:
        for row in _rows(data / "cbis_ddsm_mass" / "csv" / f"{short}_case_description_train_set.csv"):
            side, view, number = row["left or right breast"], row["image view"], row["abnormality id"]
            described[short, row["patient_id"], side, view, number] = row
    crops: list[Crop] = []
    for row in _rows(data / "cbis_crops" / "index.csv"):
        patient, side, number = row["patient"], row["laterality"], row["abnormality_id"]
        kind, malignant = _KINDS[row["kind"]], row["label"] == "malignant"
        targets, weights = encode(kind, malignant, described[row["kind"], patient, side, row["view"], number])
        crops.append(
            Crop(
                path=data / "cbis_crops" / row["file"],
                kind=kind,
                patient=patient,
                lesion=f"{kind} {patient} {side} {number}",
                view=row["view"],
                malignant=malignant,
                native_size=(int(row["height"]), int(row["width"])),
                targets=targets,
                weights=weights,
            )
        )
    return crops
