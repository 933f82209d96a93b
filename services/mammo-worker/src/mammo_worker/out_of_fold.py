"""The evidence of films by networks that have not learned from the films' patients, kept beside a model package.

A package may give the numbers of films by a network that has learned from all patients. These numbers are calibrated
and measured on what the networks of a cross-validation say of their held-out patients: `out_of_fold.csv` in the
package.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mammo_worker.data.annotated import AnnotatedFilm, csv_rows
from mammo_worker.evaluation.metrics import FilmResult

FILE = "out_of_fold.csv"

Features = Mapping[str, NDArray[np.float64]]
"""Name of a film: its `calibration.film_features` (2,)."""


def write_features(folder: Path, films: Sequence[FilmResult]) -> None:
    """Write the features of films into a package.

    Args:
        folder: Folder of the package, created if necessary.
        films: Films, each with the features that a network found that has not learned from its patient.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / FILE).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("film", "finding_logit", "instance_logit"))
        writer.writerows((film.name, *(f"{value:.6f}" for value in film.features)) for film in films)


def read_features(folder: Path) -> Features:
    """Read the features of films from a package.

    Raises:
        ValueError: The package has no such file, or it has another format.
    """
    if not (folder / FILE).is_file():
        raise ValueError(f"{folder} contains no {FILE}; release the package again with --folds")
    try:
        return {
            row["film"]: np.array([float(row["finding_logit"]), float(row["instance_logit"])])
            for row in csv_rows(folder / FILE)
        }
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"{folder / FILE} has another format; release the package again with --folds") from None


def out_of_fold(films: Sequence[AnnotatedFilm], features: Features, found: Sequence[FilmResult]) -> list[FilmResult]:
    """Describe films by their features out of fold.

    Args:
        films: All films of the folds.
        features: Their features.
        found: Findings on those films that the network of the findings has not learned from; the others have none.

    Raises:
        ValueError: A film has no features.
    """
    missing = [film.name for film in films if film.name not in features]
    if missing:
        raise ValueError(f"{FILE} lacks {len(missing)} films, such as {missing[0]}; give the data set of the folds")
    by_name = {film.name: film for film in found}
    return [_described(film, features[film.name], by_name.get(film.name)) for film in films]


def _described(film: AnnotatedFilm, features: NDArray[np.float64], found: FilmResult | None) -> FilmResult:
    return FilmResult(
        film.name,
        film.patient,
        film.boxes.astype(np.float64),
        film.labels.astype(np.int64),
        film.malignant,
        np.zeros((0, 4)) if found is None else found.boxes,
        np.zeros(0) if found is None else found.scores,
        np.zeros(0) if found is None else found.malignant,
        features,
        laterality=film.attributes.get("laterality", ""),
        view=film.attributes.get("view", ""),
    )
