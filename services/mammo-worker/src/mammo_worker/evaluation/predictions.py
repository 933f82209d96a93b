"""Writes a detector's findings as CSV and COCO JSON for other programs."""

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from lobule_ml.batch import open_output
from mammo_worker.evaluation.metrics import FilmResult

CATEGORIES = ({"id": 1, "name": "benign"}, {"id": 2, "name": "malignant"})


def write_csv(groups: Iterable[tuple[int | None, Sequence[FilmResult]]], path: Path) -> None:
    """Write a row for every finding: film, patient, fold, box in pixels of the read film, score and malignancy.

    Args:
        groups: Folds with their films; None for films without a fold.
        path: Path of the CSV.
    """
    with open_output(path) as stream:
        writer = csv.writer(stream)
        writer.writerow(("film", "patient", "fold", "x1", "y1", "x2", "y2", "score", "malignant", "film_probability"))
        for fold, films in groups:
            for film in films:
                own = (film.name, film.patient, "" if fold is None else fold)
                for box, score, malignant in zip(film.boxes, film.scores, film.malignant, strict=True):
                    writer.writerow((*own, *map(float, box), float(score), float(malignant), film.probability))


def write_films(films: Sequence[FilmResult], path: Path) -> None:
    """Write a row for every film, including those without findings: film, patient, and calibrated probability."""
    with open_output(path) as stream:
        writer = csv.writer(stream)
        writer.writerow(("film", "patient", "probability"))
        writer.writerows((film.name, film.patient, film.probability) for film in films)


def write_coco(films: Sequence[FilmResult], path: Path) -> None:
    """Write all findings as COCO annotations with `score` and `malignant`; each image has its patient.

    The category is the more likely class of the finding.
    """
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, film in enumerate(films, start=1):
        images.append({"id": number, "file_name": film.name, "patient": film.patient, "malignant": film.probability})
        for (x1, y1, x2, y2), score, malignant in zip(
            film.boxes.tolist(), film.scores.tolist(), film.malignant.tolist(), strict=True
        ):
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": 2 if malignant >= 0.5 else 1,
                    "bbox": [x1, y1, x2 - x1, y2 - y1],
                    "area": (x2 - x1) * (y2 - y1),
                    "iscrowd": 0,
                    "score": score,
                    "malignant": malignant,
                }
            )
    document = {"images": images, "categories": list(CATEGORIES), "annotations": annotations}
    with open_output(path) as stream:
        stream.write(json.dumps(document, indent=1) + "\n")
