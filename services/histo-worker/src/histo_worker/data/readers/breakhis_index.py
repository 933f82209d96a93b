"""A copy of BreakHis with an `index.csv`, in which some fields are distorted to squares."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from histo_worker.data.breakhis import LABELS, MAGNIFICATIONS, Field, Label
from histo_worker.data.readers import breakhis_tree
from histo_worker.data.readers.index_csv import INDEX, has_index, read_index
from lobule.contracts.result import Magnification
from lobule.imaging.decode import RGB8
from lobule_ml.data_sets import Reader, Reading

COLUMNS = ("file", "label", "tumor_type", "slide", "patient_group", "magnification", "squashed")
_WIDTH, _HEIGHT = 700, 460  # size of every field of BreakHis


@dataclass(frozen=True, order=True)
class SquashedField(Field):
    """A field of BreakHis that was stored as a square."""

    def pixels(self) -> RGB8:
        """Decode the field, stretched to its original shape; see `Field.pixels`."""
        stored = super().pixels()
        return np.asarray(cv2.resize(stored, (_WIDTH, _HEIGHT), interpolation=cv2.INTER_CUBIC), np.uint8)


def recognises(folder: Path) -> bool:
    """Whether the folder has such an index."""
    return has_index(folder, COLUMNS)


def read(folder: Path) -> Reading[Field]:
    """Read all rows whose file exists, with or without a known magnification."""
    return read_index(folder, COLUMNS, _field)


def _field(folder: Path, row: dict[str, str], line: int) -> Field:
    path = folder / row["file"]
    if not path.is_file():
        raise ValueError(f"{path} does not exist")
    if row["label"] not in LABELS or not row["patient_group"]:
        raise ValueError(f"patient {row['patient_group']!r}, label {row['label']!r}: expected a patient and a label")
    known = row["magnification"] in MAGNIFICATIONS
    kind = SquashedField if row["squashed"] == "1" else Field
    return kind(
        name=path.stem,
        label=cast(Label, row["label"]),
        tumor_type=row["tumor_type"],
        slide=row["slide"],
        patient=row["patient_group"],
        magnification=cast(Magnification, row["magnification"]) if known else None,
        sequence=line,
        path=path,
    )


READER = Reader(
    breakhis_tree.READER.title,
    f"FOLDER with {INDEX} of the columns {', '.join(COLUMNS)}",
    recognises,
    read,
    terms=breakhis_tree.READER.terms,
)
