"""VinDr-Mammo (Nguyen et al., Sci Data 2023): DICOMs and two CSVs.

The data set has no pathology; BI-RADS from 4 on counts as malignant.
"""

import ast
from collections import defaultdict
from pathlib import Path

from lobule_ml.data_sets import Reader, Reading
from mammo_worker.data.annotated import AnnotatedFilm, csv_rows
from mammo_worker.data.readers.reading import as_boxes, as_labels, film_pixels
from mammo_worker.labels import BENIGN, MALIGNANT

_FINDINGS, _BREASTS = "finding_annotations.csv", "breast-level_annotations.csv"
_SUSPICIOUS = 4


def read(folder: Path) -> Reading[AnnotatedFilm]:
    """Read every film of the breast-level table, and the findings that are masses."""
    found = Reading[AnnotatedFilm]()
    table = next(folder.rglob(_BREASTS))
    masses: dict[str, list[dict[str, str]]] = defaultdict(list)
    damaged: set[str] = set()
    for line, row in enumerate(csv_rows(table.parent / _FINDINGS), start=2):
        try:
            if "Mass" in ast.literal_eval(row["finding_categories"]):
                masses[row["image_id"]].append(row)
        except (SyntaxError, TypeError, ValueError) as error:
            damaged.add(row["image_id"])
            found.problems.append(f"{table.parent / _FINDINGS}, line {line}, film {row['image_id']}: {error}")
    for row in csv_rows(table):
        if row["image_id"] in damaged:
            continue
        path = table.parent / "images" / row["study_id"] / f"{row['image_id']}.dicom"
        try:
            found.items.append(_film(path, row, masses[row["image_id"]]))
        except (KeyError, ValueError) as error:
            found.problems.append(f"{table}, film {row['image_id']}: {error}")
    return found


def _film(path: Path, row: dict[str, str], masses: list[dict[str, str]]) -> AnnotatedFilm:
    if not path.is_file():
        raise ValueError(f"{path} does not exist")
    return AnnotatedFilm(
        path.name,
        row["study_id"],  # each patient has one examination
        as_boxes([[float(m[k]) for k in ("xmin", "ymin", "xmax", "ymax")] for m in masses]),
        as_labels([MALIGNANT if _grade(m["finding_birads"]) >= _SUSPICIOUS else BENIGN for m in masses]),
        _grade(row["breast_birads"]) >= _SUSPICIOUS,
        lambda: film_pixels(path),
        attributes={
            "view": row["view_position"],
            "laterality": row["laterality"],
            "density": row["breast_density"].removeprefix("DENSITY "),
            "split": row["split"],
        },
        path=path,
    )


def _grade(text: str) -> int:
    """The number of a BI-RADS category, such as 4 for `BI-RADS 4`."""
    grade = text.rsplit(" ", 1)[-1][:1]
    if not grade.isdecimal():
        raise ValueError(f"its BI-RADS is {text!r}")
    return int(grade)


READER = Reader(
    "VinDr-Mammo",
    "FOLDER with breast-level_annotations.csv, finding_annotations.csv and images/",
    lambda path: path.is_dir() and next(path.rglob(_BREASTS), None) is not None,
    read,
)
