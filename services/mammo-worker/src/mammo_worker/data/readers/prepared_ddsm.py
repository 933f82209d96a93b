"""DDSM in the format of `mammo-worker data prepare-ddsm`: a folder for each case, with `case.json`, films and masks."""

import json
from pathlib import Path
from typing import Any

from lobule_ml.data_sets import Reader, Reading
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.readers.reading import as_boxes, as_labels, film_pixels, union_reader
from mammo_worker.labels import BENIGN, MALIGNANT, MASS_OF_UNKNOWN_CLASS

_CLASSES = {
    "MALIGNANT": MALIGNANT,
    "BENIGN": BENIGN,
    "BENIGN_WITHOUT_CALLBACK": BENIGN,
    "UNPROVEN": MASS_OF_UNKNOWN_CLASS,
}


def read(folder: Path) -> Reading[AnnotatedFilm]:
    """Read all cases with their masses; masks are not opened."""
    found = Reading[AnnotatedFilm]()
    for file in sorted(folder.rglob("case.json")):
        try:
            case = json.loads(file.read_text("utf-8"))
            found.items += [_film(file.parent, case, view, film) for view, film in case["films"].items()]
        except (KeyError, ValueError) as error:
            found.problems.append(f"{file}: {type(error).__name__}: {error}")
    return found


def _film(folder: Path, case: dict[str, Any], view: str, film: dict[str, Any]) -> AnnotatedFilm:
    path = folder / f"{view}.png"
    if not path.is_file():
        raise ValueError(f"{path} does not exist")
    masses = [(i, a) for i, a in enumerate(film["abnormalities"]) if any("MASS" in words for words in a["lesion"])]
    labels = as_labels([_CLASSES[a["pathology"]] for _, a in masses])
    # A film without a malignant mass is not known to be benign if a calcification is malignant or unproven.
    malignant = bool((labels == MALIGNANT).any())
    others_open = not malignant and any(a["pathology"] in ("MALIGNANT", "UNPROVEN") for a in film["abnormalities"])
    laterality, _, projection = view.partition("_")
    return AnnotatedFilm(
        f"{case['name']}.{view}",
        case["name"],
        as_boxes([a["box"] for _, a in masses]),
        labels,
        None if others_open or (labels == MASS_OF_UNKNOWN_CLASS).any() else malignant,
        lambda: film_pixels(path),
        union_reader([folder / f"{view}.mask{i}.png" for i, _ in masses]),
        {
            "laterality": laterality[:1],
            "view": projection,
            "density": str(case["density"]),
            "mm_per_pixel": str(film["microns"] / 1000),
        },
        path,
    )


READER = Reader(
    "prepared DDSM",
    "FOLDER/<case>/case.json with 16-bit PNGs and masks",
    lambda path: path.is_dir() and next(path.rglob("case.json"), None) is not None,
    read,
)
