"""Custom data: a labels CSV with one row per film.

Columns: `file` (relative to the CSV), `patient`, `label` (normal, benign, malignant); and if known `view`,
`laterality`, `density`, `mm_per_pixel`, `mask` (a picture of the film's size, relative to the CSV) and `boxes`: four
numbers `x1 y1 x2 y2` in pixels of the file for each mass, with `;` between masses, each followed by its own label if
they differ; or `none` if a film that is not normal shows no mass, but calcifications, for example. Without boxes, the
regions of the mask are the masses. Other columns are ignored, with a note.
"""

import csv
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lobule_ml.data_sets import Reader, Reading, require_columns
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.readers.reading import as_boxes, as_labels, film_pixels, mask_pixels, union_reader
from mammo_worker.labels import LABELS, MALIGNANT

REQUIRED = ("file", "patient", "label")
NO_MASS = "none"
_KEPT = ("view", "laterality", "density", "mm_per_pixel")
_MALIGNANT = {"normal": False, "benign": False, "malignant": True}
_LEAST_AREA = 20  # pixels of a mask's region; smaller regions are artefacts


def read(table: Path) -> Reading[AnnotatedFilm]:
    """Read a labels CSV and check that the films exist, without opening them.

    Raises:
        ValueError: The file is not a CSV with these columns.
    """
    found, lines = Reading[AnnotatedFilm](), dict[Path, int]()
    try:
        with table.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.DictReader(stream)
            require_columns(table, rows.fieldnames or (), REQUIRED)
            found.note_unknown(rows.fieldnames or (), (*REQUIRED, *_KEPT, "mask", "boxes"))
            for row in rows:
                try:
                    film = _film(table.parent, {k: (v or "").strip() for k, v in row.items() if k})
                    if film.path in lines:
                        raise ValueError(f"{film.path} is already in line {lines[film.path]}")
                except ValueError as error:
                    found.problems.append(f"{table}, line {rows.line_num}: {error}")
                    continue
                if film.path is not None:
                    lines[film.path] = rows.line_num
                found.items.append(film)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{table} is not a CSV in UTF-8: {error}") from None
    return found


def _film(folder: Path, row: dict[str, str]) -> AnnotatedFilm:
    for name in REQUIRED:
        if not row[name]:
            raise ValueError(f"{name} is empty")
    path = _present(folder / row["file"])
    label = row["label"].lower()
    if label not in ("normal", *LABELS):
        raise ValueError(f"the label is {row['label']!r}, not one of normal, {', '.join(LABELS)}")
    masks = [_present(folder / row["mask"])] if row.get("mask") else []
    without_mass = row.get("boxes", "").lower() == NO_MASS
    boxes, labels = _boxes("" if without_mass else row.get("boxes", ""), label)
    if masks and not len(boxes) and not without_mass:
        boxes = _regions(mask_pixels(masks[0]))
        labels = as_labels([_class_of(label) for _ in boxes])
    if label == "normal" and len(boxes):
        raise ValueError("a normal film has boxes")
    if label == "benign" and (labels == MALIGNANT).any():
        raise ValueError("a benign film has a malignant mass")
    return AnnotatedFilm(
        row["file"],
        row["patient"],
        boxes,
        labels,
        _MALIGNANT.get(label),
        lambda: film_pixels(path),
        union_reader(masks),
        {name: row[name] for name in _KEPT if row.get(name)} | ({} if without_mass else {"label": label}),
        path,
    )


def _present(path: Path) -> Path:
    if not path.is_file():
        raise ValueError(f"{path} does not exist")
    return path


def _class_of(label: str) -> int:
    if label not in LABELS:
        raise ValueError(f"a mass is {label!r}, not one of {', '.join(LABELS)}")
    return LABELS[label]


def _boxes(text: str, label: str) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    boxes: list[list[float]] = []
    labels: list[int] = []
    for part in (p.split() for p in text.split(";") if p.strip()):
        try:
            x1, y1, x2, y2 = (float(word) for word in part[:4])
        except ValueError:
            raise ValueError(f"the box {' '.join(part)!r} is not x1 y1 x2 y2") from None
        if not (0 <= x1 < x2 and 0 <= y1 < y2):
            raise ValueError(f"the box {' '.join(part)!r} is empty or outside the film")
        boxes.append([x1, y1, x2, y2])
        labels.append(_class_of(part[4].lower() if len(part) > 4 else label))
    return as_boxes(boxes), as_labels(labels)


def _regions(mask: NDArray[np.uint8]) -> NDArray[np.float32]:
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    return as_boxes([(x, y, x + w, y + h) for x, y, w, h, area in stats[1:].tolist() if area >= _LEAST_AREA])


READER = Reader(
    "labels CSV",
    "FILE.csv with the columns file, patient, label",
    lambda path: path.suffix.lower() == ".csv" and path.is_file(),
    read,
)
