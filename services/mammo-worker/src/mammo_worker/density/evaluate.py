"""Measures density classification on patients outside the training set."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score

from lobule_ml.evaluation.statistics import auc, patient_bootstrap
from mammo_worker.data.annotated import AnnotatedFilm, csv_rows
from mammo_worker.data.splits import fold_of
from mammo_worker.density.model import CATEGORIES, fit

FOLDS = 5
COPIES = 2  # changed copies of every film to fit on
KAPPA, ACCURACY = "quadratic kappa", "dense (c, d) or not, accuracy"


@dataclass(frozen=True)
class Reading:
    """Densities of films or of breasts: the reader's, and the out-of-fold predictions.

    Attributes:
        patients: Patients (N,).
        true: Categories (N,), 0 to 3.
        expected: Expected categories (N,).
        predicted: Predicted categories (N,), 0 to 3.
    """

    patients: list[str]
    true: NDArray[np.int64]
    expected: NDArray[np.float64]
    predicted: NDArray[np.int64]


def labelled(cases: Sequence[AnnotatedFilm]) -> tuple[list[AnnotatedFilm], NDArray[np.int64]]:
    """Films with a known density, and their categories, 0 to 3."""
    known = [c for c in cases if c.attributes.get("density") in ("1", "2", "3", "4")]
    return known, np.array([int(c.attributes["density"]) - 1 for c in known])


def out_of_fold(
    cases: Sequence[AnnotatedFilm], features: NDArray[np.floating], true: NDArray[np.int64]
) -> tuple[Reading, Reading]:
    """Predict films, and breasts by the mean over their views, by models that have not seen the patient.

    Args:
        cases: Films (N).
        features: Features (V, N, F): of the films as they are, which are predicted, and of their changed copies.
        true: Categories (N,), 0 to 3.
    """
    patients = [c.patient for c in cases]
    folds = np.array([fold_of(p, FOLDS) for p in patients])
    breasts: dict[tuple[str, str], list[int]] = {}
    for i, c in enumerate(cases):
        breasts.setdefault((c.patient, c.attributes["laterality"]), []).append(i)
    expected, predicted = np.zeros(len(cases)), np.zeros(len(cases), np.int64)
    of_breast: dict[tuple[str, str], tuple[float, int]] = {}
    for fold in np.unique(folds):
        seen = folds != fold
        model = fit(features[:, seen], true[seen], [p for p, s in zip(patients, seen, strict=True) if s])
        expected[~seen] = model.expected(features[0, ~seen])
        predicted[~seen] = model.categories(expected[~seen])
        for breast, films in breasts.items():
            if folds[films[0]] == fold:
                mean = float(expected[films].mean())
                of_breast[breast] = (mean, int(model.categories(np.array([mean]))[0]))
    means, categories = zip(*(of_breast[b] for b in breasts), strict=True)
    first = [films[0] for films in breasts.values()]
    breast_reading = Reading([b[0] for b in breasts], true[first], np.array(means), np.array(categories))
    return Reading(patients, true, expected, predicted), breast_reading


def quadratic_kappa(true: NDArray[np.integer], predicted: NDArray[np.integer]) -> float:
    """Cohen's kappa of categories from 0 to 3, (N,) each, with quadratic weights."""
    return float(cohen_kappa_score(true, predicted, labels=[0, 1, 2, 3], weights="quadratic"))


def _measures(reading: Reading) -> dict[str, Callable[[NDArray[np.integer]], float]]:
    """Kappa, and dense or not, on chosen rows of a reading."""
    true, predicted, dense = reading.true, reading.predicted, reading.true >= 2
    return {
        KAPPA: lambda i: quadratic_kappa(true[i], predicted[i]),
        ACCURACY: lambda i: float(np.mean(dense[i] == (predicted[i] >= 2))),
        "dense (c, d) or not, AUC": lambda i: auc(dense[i], reading.expected[i]),
    }


def measure(reading: Reading, unit: str) -> list[dict[str, Any]]:
    """Measure kappa, and dense or not, with 95 % intervals over patients."""
    named = {"unit": f"{unit}, {len(reading.true)} of {len(set(reading.patients))} patients"}
    return [{**named, **_estimate(name, "value", of, reading.patients)} for name, of in _measures(reading).items()]


def compare(reading: Reading, other: Reading) -> list[dict[str, Any]]:
    """How much better one reading is than another one of the same films, with paired 95 % intervals over patients."""
    others = _measures(other)
    return [
        _estimate(name, "difference", lambda i, of=of, name=name: of(i) - others[name](i), reading.patients)
        for name, of in _measures(reading).items()
    ]


def _estimate(
    metric: str, kind: str, of: Callable[[NDArray[np.integer]], float], patients: Sequence[str]
) -> dict[str, Any]:
    low, high = patient_bootstrap(of, patients)
    value = round(of(np.arange(len(patients))), 4)
    return {"metric": metric, kind: value, "interval_95": [round(low, 4), round(high, 4)]}


def read_predictions(path: Path, cases: Sequence[AnnotatedFilm]) -> Reading:
    """Read what `write_predictions` wrote, in the order of the films.

    Raises:
        ValueError: The rows are of other films.
    """
    rows = {row["film"]: row for row in csv_rows(path)}
    if set(rows) != {c.name for c in cases}:
        raise ValueError(f"{path} has predictions of other films")
    own = [rows[c.name] for c in cases]
    true, predicted = ([CATEGORIES.index(row[column]) for row in own] for column in ("density", "predicted"))
    expected = np.array([float(row["expected"]) for row in own])
    return Reading([c.patient for c in cases], np.array(true), expected, np.array(predicted))


def write_predictions(cases: Sequence[AnnotatedFilm], reading: Reading, path: Path) -> None:
    """Write a row for every film."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("film", "patient", "fold", "density", "predicted", "expected"))
        for case, true, predicted, expected in zip(
            cases, reading.true, reading.predicted, reading.expected, strict=True
        ):
            words = (CATEGORIES[true], CATEGORIES[predicted], f"{expected:.4f}")
            writer.writerow((case.name, case.patient, fold_of(case.patient, FOLDS), *words))
