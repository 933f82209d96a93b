"""The training films of a run: `films.csv` in its folder, with every film and its patient, and their hashes."""

import csv
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lobule_ml.training.record import hash_files, hash_truth
from mammo_worker.data.annotated import AnnotatedFilm, csv_rows

FILMS_FILE = "films.csv"


def write_learned(folder: Path, films: Sequence[AnnotatedFilm]) -> None:
    """Write the table of films."""
    with (folder / FILMS_FILE).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("film", "patient"))
        writer.writerows((film.name, film.patient) for film in films)


def learned_patients(folder: Path) -> list[str]:
    """The patients of the films, in the order of the table.

    Raises:
        ValueError: The folder has no such table.
    """
    if not (folder / FILMS_FILE).is_file():
        raise ValueError(f"{folder} has no {FILMS_FILE}, so its training patients are unknown")
    return [row["patient"] for row in csv_rows(folder / FILMS_FILE)]


def hash_films(films: Sequence[AnnotatedFilm]) -> str:
    """SHA-256 over names and contents of the films' files."""
    return hash_files(film.path for film in films if film.path is not None)


def hash_film_truth(films: Sequence[AnnotatedFilm]) -> str:
    """SHA-256 over patients, boxes, labels and masks of films; reads the masks."""
    return hash_truth(
        (film.name, film.patient, film.malignant, film.boxes, film.labels, _hash_mask(film)) for film in films
    )


def _hash_mask(film: AnnotatedFilm) -> str | None:
    """SHA-256 over the size and the pixels of a film's mask; None if it has none."""
    if film.read_mask is None:
        return None
    mask = film.read_mask() > 127
    return hashlib.sha256(f"{mask.shape}".encode() + np.packbits(mask).tobytes()).hexdigest()
