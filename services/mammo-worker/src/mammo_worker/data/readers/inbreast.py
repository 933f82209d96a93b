"""INbreast (Moreira et al., Acad Radiol 2012): DICOMs, outlines in OsiriX' XML, and INbreast.csv.

The data set has no pathology for most films; as usual, BI-RADS from 4 on counts as malignant.
"""

import csv
import plistlib
import re
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

import numpy as np
from numpy.typing import NDArray

from lobule_ml.data_sets import Reader, Reading
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.readers.reading import as_boxes, as_labels, film_pixels, polygon_reader
from mammo_worker.labels import BENIGN, MALIGNANT

_TABLE = "INbreast.csv"
_SUSPICIOUS = 4


def read(folder: Path) -> Reading[AnnotatedFilm]:
    """Read every film of the table, and the outlines of masses."""
    found = Reading[AnnotatedFilm]()
    table = next(folder.rglob(_TABLE))
    dicoms = {p.name.split("_")[0]: p for p in table.parent.rglob("*.dcm")}
    outlines = {p.stem: p for p in table.parent.rglob("*.xml")}
    with table.open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream, delimiter=";"):
            name = (row.get("File Name") or "").strip()
            if not name:
                continue
            try:
                if name not in dicoms:
                    raise ValueError("its DICOM file does not exist")
                found.items.append(_film(dicoms[name], outlines.get(name), row))
            except (KeyError, ValueError) as error:
                found.problems.append(f"{table}, film {name}: {error}")
    return found


def _film(path: Path, outline: Path | None, row: dict[str, str]) -> AnnotatedFilm:
    grade = re.match(r"\d", row["Bi-Rads"].strip())
    if grade is None:
        raise ValueError(f"its BI-RADS is {row['Bi-Rads']!r}")
    malignant = int(grade[0]) >= _SUSPICIOUS
    polygons = _masses(outline) if outline else []
    return AnnotatedFilm(
        path.name,
        path.stem.split("_")[1],  # the patient's pseudonym
        as_boxes([(*p.min(axis=0), *p.max(axis=0)) for p in polygons]),
        as_labels([MALIGNANT if malignant else BENIGN] * len(polygons)),
        malignant,
        lambda: film_pixels(path),
        polygon_reader(polygons, lambda: film_pixels(path).shape[:2]),
        {"view": row["View"].strip(), "laterality": row["Laterality"].strip()[:1], "density": row["ACR"].strip()},
        path,
    )


def _masses(outline: Path) -> list[NDArray[np.float64]]:
    """Polygons (N, 2) of the regions that are labelled as masses."""
    try:
        document: Any = plistlib.loads(outline.read_bytes())
        regions = document["Images"][0]["ROIs"]
        masses = [r["Point_px"] for r in regions if r["Name"].strip().lower() == "mass"]
        polygons = [np.array([[float(v) for v in re.findall(r"-?[\d.]+", p)] for p in points]) for points in masses]
    except (KeyError, IndexError, TypeError, ValueError, ExpatError, plistlib.InvalidFileException) as error:
        raise ValueError(f"{outline}: {type(error).__name__}: {error}") from None
    return [p for p in polygons if len(p) > 2]


READER = Reader(
    "INbreast",
    "FOLDER with INbreast.csv, AllDICOMs/ and AllXML/",
    lambda path: path.is_dir() and next(path.rglob(_TABLE), None) is not None,
    read,
)
