"""COCO JSON: images, annotations with boxes and polygons, and the categories benign, malignant and mass.

Masks in run-length encoding are ignored; their boxes are read.
"""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from lobule_ml.data_sets import Reader, Reading
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.readers.reading import as_boxes, as_labels, film_pixels, polygon_reader
from mammo_worker.labels import BENIGN, MALIGNANT, MASS_OF_UNKNOWN_CLASS

CATEGORIES = {"benign": BENIGN, "malignant": MALIGNANT, "mass": MASS_OF_UNKNOWN_CLASS}
_PATIENT = ("patient", "patient_id")  # names of an image's patient, which COCO does not define


def read(file: Path) -> Reading[AnnotatedFilm]:
    """Read a COCO file; films are in its folder or in `images/`.

    Raises:
        ValueError: The file is not a COCO file, or has another category.
    """
    try:
        document = json.loads(file.read_text("utf-8"))
        categories = {c["id"]: CATEGORIES[c["name"].lower()] for c in document["categories"]}
        by_image: dict[Any, list[dict[str, Any]]] = defaultdict(list)
        for annotation in document["annotations"]:
            by_image[annotation["image_id"]].append(annotation)
        images = document["images"]
    except KeyError as error:
        raise ValueError(f"{file} has no {error}; categories are {', '.join(CATEGORIES)}") from None
    except (TypeError, ValueError) as error:
        raise ValueError(f"{file} is not a COCO file: {error}") from None
    found = Reading[AnnotatedFilm]()
    for image in images:
        name = image.get("file_name", image) if isinstance(image, dict) else image
        try:
            found.items.append(_film(file.parent, image, by_image[image["id"]], categories))
        except KeyError as error:
            found.problems.append(f"{file}, image {name}: it has no {error}")
        except (TypeError, ValueError) as error:
            found.problems.append(f"{file}, image {name}: {error}")
    return found


def _film(
    folder: Path, image: dict[str, Any], annotations: list[dict[str, Any]], categories: dict[Any, int]
) -> AnnotatedFilm:
    name = image["file_name"]
    path = next((p for p in (folder / name, folder / "images" / name) if p.is_file()), None)
    if path is None:
        raise ValueError(f"{folder / name} does not exist")
    patient = next((str(image[key]) for key in _PATIENT if image.get(key)), None)
    if patient is None:
        raise ValueError("it has no patient, and films of one patient must stay together")
    corners = [np.array(a["bbox"], float) for a in annotations]
    labels = as_labels([categories[a["category_id"]] for a in annotations])
    drawn: list[Any] = [a.get("segmentation") for a in annotations]
    # A mask without one of the masses would label it as tissue, so all of them need polygons.
    whole = all(isinstance(parts, list) and parts for parts in drawn)
    polygons = [np.array(p, float).reshape(-1, 2) for parts in drawn for p in parts] if whole else []
    unknown = len(labels) > 0 and bool((labels == MASS_OF_UNKNOWN_CLASS).any())
    return AnnotatedFilm(
        name,
        patient,
        as_boxes([(x, y, x + w, y + h) for x, y, w, h in corners]),
        labels,
        None if unknown else bool((labels == MALIGNANT).any()),
        lambda: film_pixels(path),
        polygon_reader(polygons, lambda: film_pixels(path).shape[:2]),
        path=path,
    )


READER = Reader(
    "COCO JSON",
    "FILE.json with images (each with a patient), annotations and categories",
    lambda path: path.suffix.lower() == ".json" and path.is_file(),
    read,
)
