"""What a run has learned from: `films.csv` in its folder, with every film and its patient."""

import csv
from collections.abc import Sequence
from pathlib import Path

from mammo_worker.data.annotated import AnnotatedFilm, csv_rows

FILMS_FILE = "films.csv"


def write_learned(folder: Path, films: Sequence[AnnotatedFilm]) -> None:
    """Write the table."""
    with (folder / FILMS_FILE).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("film", "patient"))
        writer.writerows((film.name, film.patient) for film in films)


def learned_patients(folder: Path) -> list[str]:
    """The patient of every film, in the order of the table.

    Raises:
        ValueError: The folder has no such table.
    """
    if not (folder / FILMS_FILE).is_file():
        raise ValueError(f"{folder} has no {FILMS_FILE}, so it is not known which patients it has learned from")
    return [row["patient"] for row in csv_rows(folder / FILMS_FILE)]
