"""Reads tables of a detector's findings on films that it has not learned from.

The table of findings is that of `detect-held-out`: film, patient, fold, x1, y1, x2, y2, score, malignant,
film_probability. Its second table has film, patient and probability.
"""

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class FilmFindings:
    """Findings of a film, best first: boxes (N, 4) in film pixels, scores (N,) and malignancies (N,)."""

    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]
    malignant: NDArray[np.float64]


def read_findings(path: Path) -> dict[str, FilmFindings]:
    """Read findings by film.

    Raises:
        ValueError: A column is missing or a value is not a number.
    """
    rows: dict[str, list[list[float]]] = defaultdict(list)
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                numbers = [float(row[k]) for k in ("x1", "y1", "x2", "y2", "score", "malignant")]
                rows[row["film"]].append(numbers)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a table of findings: {error}") from None
    found: dict[str, FilmFindings] = {}
    for film, numbers in rows.items():
        table = np.array(sorted(numbers, key=lambda r: -r[4]))
        found[film] = FilmFindings(table[:, :4], table[:, 4], table[:, 5])
    return found


def read_probabilities(path: Path) -> dict[str, float]:
    """Read probabilities by film.

    Raises:
        ValueError: A column is missing or a value is not a number.
    """
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            return {row["film"]: float(row["probability"]) for row in csv.DictReader(stream)}
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a table of films: {error}") from None
