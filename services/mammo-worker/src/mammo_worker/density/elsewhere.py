"""Measures the density package on other films: digital mammograms, and other scanned films."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lobule_ml.evaluation.statistics import auc, patient_bootstrap
from mammo_worker.data.annotated import csv_rows, read_grey
from mammo_worker.density.evaluate import ACCURACY, KAPPA, quadratic_kappa
from mammo_worker.density.features import CANVAS
from mammo_worker.density.model import CATEGORIES
from mammo_worker.density.package import DensityReader
from mammo_worker.films.prepare import prepare_film

DENSE_AUC = "dense (c, d) or not, AUC"


@dataclass(frozen=True)
class LabelledFilm:
    """A film with a reader's density.

    Attributes:
        path: File of the film.
        patient: Patient, unique within the data set.
        dense: Whether the breast is dense.
        category: Category from 0 to 3; None if the data set has other categories than BI-RADS.
    """

    path: Path
    patient: str
    dense: bool
    category: int | None


def cdd_cesm_films(folder: Path) -> Iterator[LabelledFilm]:
    """Low-energy digital mammograms of CDD-CESM with a single density."""
    for row in csv_rows(folder / "index.csv"):
        if (letter := row["density"].lower()) in CATEGORIES:
            category = CATEGORIES.index(letter)
            yield LabelledFilm(folder / row["image"], row["patient"], category >= 2, category)


def mini_mias_films(folder: Path) -> Iterator[LabelledFilm]:
    """Scanned films of mini-MIAS, which are fatty, fatty-glandular, or dense-glandular."""
    for row in csv_rows(folder / "index.csv"):
        if row["tissue"] in ("F", "G", "D"):
            yield LabelledFilm(folder / "images" / row["image"], row["patient"], row["tissue"] == "D", None)


def measure_elsewhere(reader: DensityReader, films: Iterable[LabelledFilm], data: str) -> list[dict[str, Any]]:
    """Measure kappa and accuracy if the data set has BI-RADS categories, and the AUC of dense or not, by film.

    Args:
        reader: The package.
        films: Films of one data set.
        data: Name of the data set in the table.
    """
    shown = list(films)
    readings = [reader(prepare_film(read_grey(film.path), CANVAS).canvas) for film in shown]
    expected = np.array([each.expected for each in readings])
    chosen = np.array([CATEGORIES.index(each.category) for each in readings])
    dense = np.array([film.dense for film in shown])
    measures: dict[str, Callable[[NDArray[np.integer]], float]] = {DENSE_AUC: lambda i: auc(dense[i], expected[i])}
    if all(film.category is not None for film in shown):
        true = np.array([film.category for film in shown])
        measures = {
            KAPPA: lambda i: quadratic_kappa(true[i], chosen[i]),
            ACCURACY: lambda i: float(np.mean(dense[i] == (chosen[i] >= 2))),
            **measures,
        }
    return [_row(name, of, shown, data) for name, of in measures.items()]


def _row(
    name: str, of: Callable[[NDArray[np.integer]], float], films: Sequence[LabelledFilm], data: str
) -> dict[str, Any]:
    patients = [film.patient for film in films]
    low, high = patient_bootstrap(of, patients)
    unit = f"{data}, {len(films)} films of {len(set(patients))} patients"
    value = round(of(np.arange(len(films))), 4)
    return {"data": unit, "metric": name, "value": value, "interval_95": [round(low, 4), round(high, 4)]}
