"""Custom data: a labels CSV with one row per field.

Columns: `file` (relative to the CSV), `patient`, `label` (benign or malignant), and if known the scale, as
`magnification` (40X, 100X, 200X, 400X) or `um_per_pixel`. Other columns are ignored, with a note.
"""

import csv
from pathlib import Path

from histo_worker.data.breakhis import LABELS, MAGNIFICATIONS, Field, Label
from histo_worker.scale import FARTHEST, UM_OF_MAGNIFICATION, nearest_magnification
from lobule.contracts.result import Magnification
from lobule_ml.data_sets import Reading, require_columns

REQUIRED = ("file", "patient", "label")
SCALES = ("magnification", "um_per_pixel")


def read_labels(table: Path) -> Reading[Field]:
    """Read a labels CSV and check that the files exist, without opening them.

    Raises:
        FileNotFoundError: The CSV does not exist.
        ValueError: The file is not a CSV with these columns.
    """
    found = Reading[Field]()
    lines: dict[Path, int] = {}
    try:
        with table.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.DictReader(stream)
            require_columns(table, rows.fieldnames or (), REQUIRED)
            found.note_unknown(rows.fieldnames or (), (*REQUIRED, *SCALES))
            for row in rows:
                try:
                    one = _field(table.parent, row, rows.line_num)
                    if one.path in lines:
                        raise ValueError(f"{one.path} is already in line {lines[one.path]}")
                except ValueError as error:
                    found.problems.append(f"{table}, line {rows.line_num}: {error}")
                    continue
                lines[one.path] = rows.line_num
                found.items.append(one)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{table} is not a CSV in UTF-8: {error}") from None
    return found


def _field(folder: Path, row: dict[str, str | None], line: int) -> Field:
    text = {name: (row.get(name) or "").strip() for name in (*REQUIRED, *SCALES)}
    for name in REQUIRED:
        if not text[name]:
            raise ValueError(f"{name} is empty")
    path = folder / text["file"]
    if not path.is_file():
        raise ValueError(f"{path} does not exist")
    return Field(
        name=text["file"],
        label=_label(text["label"]),
        tumor_type="",
        slide="",
        patient=text["patient"],
        magnification=_magnification(text["magnification"], text["um_per_pixel"]),
        sequence=line,
        path=path,
    )


def _label(text: str) -> Label:
    for label in LABELS:
        if text.lower() == label:
            return label
    raise ValueError(f"the label is {text!r}, not {' or '.join(LABELS)}")


def _magnification(magnification: str, um_per_pixel: str) -> Magnification | None:
    if magnification:
        for known in MAGNIFICATIONS:
            if magnification.upper().removesuffix("X") == known.removesuffix("X"):
                return known
        raise ValueError(f"the magnification is {magnification!r}, not one of {', '.join(MAGNIFICATIONS)}")
    return magnification_at(um_per_pixel) if um_per_pixel else None


def magnification_at(um_per_pixel: str) -> Magnification:
    """The magnification whose pixels are nearest in size.

    Raises:
        ValueError: The value is not a number, or too far from every magnification.
    """
    try:
        near, times = nearest_magnification(float(um_per_pixel))
    except ValueError:
        raise ValueError(f"um_per_pixel is {um_per_pixel!r}, not a positive number") from None
    if not times <= FARTHEST:
        sizes = sorted(UM_OF_MAGNIFICATION.values())
        raise ValueError(f"{um_per_pixel} um a pixel is too far from the supported scales ({sizes[0]} to {sizes[-1]})")
    return near
