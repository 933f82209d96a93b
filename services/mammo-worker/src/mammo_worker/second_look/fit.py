"""Combines the detector's malignancy with the second look; fitted on some patients, measured on others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lobule_ml.calibration import Logistic, logit
from lobule_ml.evaluation.statistics import auc, expected_calibration_error, log_loss, patient_bootstrap
from mammo_worker.calibration import Calibration
from mammo_worker.data.splits import fold_of
from mammo_worker.second_look.cases import READINGS, TrueFinding

WEIGHTS = (0.25, 0.5, 0.75, 1.0)  # weights of the second look's log odds, relative to the detector's
FOLDS = 5
Measure = Callable[[NDArray[np.bool_], NDArray[np.floating]], float]


def brier(truth: NDArray[np.bool_], p: NDArray[np.floating]) -> float:
    """Brier score of probabilities."""
    return float(np.mean((p - truth) ** 2))


MEASURES: dict[str, Measure] = {
    "AUC": auc,
    "log loss": log_loss,
    "Brier score": brier,
    "calibration error": expected_calibration_error,
}


@dataclass(frozen=True)
class Combination:
    """The combination of both probabilities.

    Attributes:
        reading: Index in `READINGS`.
        weight: Weight of the second look's log odds; 0 to ignore it.
        calibration: Maps the weighted sum to the probability that a mass is malignant.
    """

    reading: int
    weight: float
    calibration: Logistic

    def __call__(self, cases: Sequence[TrueFinding]) -> NDArray[np.float64]:
        """Probabilities (N,) that the masses are malignant."""
        return self.calibration(_sum(cases, self.reading, self.weight))


def _sum(cases: Sequence[TrueFinding], reading: int, weight: float) -> NDArray[np.float64]:
    own = logit(np.array([c.detector for c in cases]))
    return own + weight * logit(np.array([c.by_reading[reading] for c in cases]))


def _truth(cases: Sequence[TrueFinding]) -> NDArray[np.bool_]:
    return np.array([c.malignant for c in cases])


def _fit(cases: Sequence[TrueFinding], reading: int, weight: float) -> Combination:
    return Combination(reading, weight, Logistic.fit(_sum(cases, reading, weight), _truth(cases), rising=True))


def choose(cases: Sequence[TrueFinding]) -> tuple[Combination, list[dict[str, Any]]]:
    """The combination with the smallest log loss in five folds, fitted on all, and a table of all candidates."""
    folds = np.array([fold_of(f"second look {c.patient}", FOLDS) for c in cases])
    rows: list[dict[str, Any]] = []
    tried: list[tuple[float, int, float]] = []
    for reading, weight in [(0, 0.0), *((r, w) for r in range(len(READINGS)) for w in WEIGHTS)]:
        probabilities = np.zeros(len(cases))
        for fold in np.unique(folds):
            fitted = _fit([c for c, own in zip(cases, folds, strict=True) if own != fold], reading, weight)
            probabilities[folds == fold] = fitted([c for c, own in zip(cases, folds, strict=True) if own == fold])
        loss = log_loss(_truth(cases), probabilities)
        if weight:
            tried.append((loss, reading, weight))
        name = READINGS[reading].name if weight else "none: the detector alone, fitted in the same way"
        rows.append({"second look": name, "weight": weight, "AUC": auc(_truth(cases), probabilities), "log loss": loss})
    _, reading, weight = min(tried)
    return _fit(cases, reading, weight), rows


def measure_once(
    chosen: Combination, cases: Sequence[TrueFinding], calibration: Calibration, rounds: int = 1000
) -> list[dict[str, Any]]:
    """Measure with and without the second look, and the difference with its 95 % interval over patients.

    Args:
        chosen: The combination.
        cases: Findings of patients outside the fit.
        calibration: Calibration of the detector, as for results.
        rounds: Rounds of the bootstrap.
    """
    truth, patients = _truth(cases), [c.patient for c in cases]
    mass = calibration.mass(logit(np.array([c.score for c in cases])))
    films = np.array([c.film for c in cases])
    before, after = calibration.malignant(logit(np.array([c.detector for c in cases]))), chosen(cases)

    def shown(malignant: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.minimum(mass * malignant, films)  # as in `calibration.cap_suspicion`

    rows: list[dict[str, Any]] = []
    for number, one, other in (
        ("malignant if it is a mass", before, after),
        ("suspicion as a result shows it", shown(before), shown(after)),
    ):
        for name, of in MEASURES.items():

            def difference(
                at: NDArray[np.integer],
                of: Measure = of,
                one: NDArray[np.float64] = one,
                other: NDArray[np.float64] = other,
            ) -> float:
                return of(truth[at], other[at]) - of(truth[at], one[at])

            low, high = patient_bootstrap(difference, patients, rounds=rounds)
            rows.append(
                {
                    "number": number,
                    "measure": name,
                    "without": of(truth, one),
                    "with": of(truth, other),
                    "difference": difference(np.arange(len(truth))),
                    "interval_95": [round(low, 4), round(high, 4)],
                }
            )
    return rows


def is_better(rows: Sequence[dict[str, Any]]) -> bool:
    """Whether the suspicion ranks significantly better, with no worse log loss, Brier score and calibration error."""
    shown = {row["measure"]: row for row in rows if row["number"].startswith("suspicion")}
    ranks = shown["AUC"]["interval_95"][0] > 0
    return ranks and all(shown[name]["difference"] <= 0 for name in ("log loss", "Brier score", "calibration error"))
