"""CBIS-DDSM as TCIA distributes it: the official CSVs, and DICOMs in folders named after film and abnormality.

The paths in the CSVs differ from those of the download, and the CSVs sometimes swap crop and mask. The reader therefore
searches films in the folder with their name, and uses the largest picture in the abnormality's folder as the mask. The
given folder can also be the parent of NBIA's `manifest-…/CBIS-DDSM`.
"""

from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lobule_ml.data_sets import Reader, Reading
from mammo_worker.data.annotated import AnnotatedFilm, csv_rows
from mammo_worker.data.readers.reading import as_boxes, as_labels, box_around, film_pixels, mask_pixels, union_reader
from mammo_worker.labels import BENIGN, MALIGNANT

_TABLES = "mass_case_description_*_set.csv"
_CLASSES = {"MALIGNANT": MALIGNANT, "BENIGN": BENIGN, "BENIGN_WITHOUT_CALLBACK": BENIGN}


def read(folder: Path) -> Reading[AnnotatedFilm]:
    """Read the films with a mass. Boxes are computed from the masks, so these are opened here."""
    found = Reading[AnnotatedFilm]()
    folders = {p.name: p for depth in ("*", "*/*", "*/*/*") for p in folder.glob(depth) if p.is_dir()}
    films: dict[str, list[dict[str, str]]] = defaultdict(list)
    for table in sorted(folder.rglob(_TABLES)):
        for row in csv_rows(table):
            films[row["image file path"].strip().partition("/")[0]].append(row)
    for name, rows in films.items():
        try:
            found.items.append(_film(name, rows, folders))
        except (KeyError, ValueError) as error:
            found.problems.append(f"{folder}, {name}: {error}")
    return found


def _film(name: str, rows: list[dict[str, str]], folders: dict[str, Path]) -> AnnotatedFilm:
    path = _dicoms(name, folders)[0]
    masks = [_mask(f"{name}_{row['abnormality id']}", folders) for row in rows]
    boxes = [_box(mask) for mask in masks]
    labels = as_labels([_CLASSES[row["pathology"].strip()] for row in rows])
    first = rows[0]
    return AnnotatedFilm(
        name,
        first["patient_id"],
        as_boxes(boxes),
        labels,
        bool((labels == MALIGNANT).any()),
        lambda: film_pixels(path),
        union_reader(masks),
        {
            "view": first["image view"],
            "laterality": first["left or right breast"][:1],
            "density": first.get("breast_density") or first.get("breast density") or "",
        },
        path,
    )


def _dicoms(name: str, folders: dict[str, Path]) -> list[Path]:
    if name not in folders:
        raise ValueError("its folder does not exist")
    files = sorted(folders[name].rglob("*.dcm"))
    if not files:
        raise ValueError(f"{folders[name]} contains no DICOM")
    return files


def _mask(name: str, folders: dict[str, Path]) -> Path:
    """The largest picture in the abnormality's folder; the other one is the crop."""
    from pydicom import dcmread

    def pixels(path: Path) -> int:
        try:
            header = dcmread(path, stop_before_pixels=True)
            return int(header.Rows) * int(header.Columns)
        except Exception as error:  # noqa: BLE001 - pydicom raises many kinds of errors for damaged files
            raise ValueError(f"{path}: {type(error).__name__}: {error}") from None

    return max(_dicoms(name, folders), key=pixels)


def _box(mask: Path) -> NDArray[np.float32]:
    box = box_around(mask_pixels(mask))
    if box is None:
        raise ValueError(f"{mask}: the mask is empty")
    return box


READER = Reader(
    "CBIS-DDSM from TCIA",
    "FOLDER with mass_case_description_*_set.csv and Mass-Training_P_…/ with DICOMs",
    lambda path: path.is_dir() and next(path.rglob(_TABLES), None) is not None,
    read,
)
