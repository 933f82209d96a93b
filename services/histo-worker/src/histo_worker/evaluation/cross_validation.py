"""Repeated patient-grouped cross-validation: every figure is for fields that the classifier did not see."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from histo_worker.data.breakhis import Field
from histo_worker.data.folds import Folding, Indices, Split, grouped_folds
from histo_worker.evaluation.calibration import PlattCalibration, fit_platt
from lobule.contracts.result import Magnification, Thresholds
from lobule_ml.evaluation.statistics import (
    Counts,
    auc,
    expected_calibration_error,
    patient_auc,
    patient_bootstrap,
    patient_score,
)

Float = NDArray[np.floating]

Statistic = Callable[[Float, NDArray[np.integer]], float]
"""A statistic of the fields at given indices."""

FitAndScore = Callable[[Indices, Indices], Float]
"""Trains on the fields at the first indices and returns the logits of the fields at the second ones."""


@dataclass(frozen=True)
class OutOfFold:
    """Out-of-fold scores of a classifier.

    Attributes:
        fields: The fields.
        seeds: Seeds of the repetitions.
        folds: Number of folds.
        logits: (seeds, fields).
        probabilities: (seeds, fields), calibrated on the other folds' out-of-fold logits.
        listing: Name of the file with the folds; None if they were drawn.
    """

    fields: Sequence[Field]
    seeds: Sequence[int]
    folds: int
    logits: Float
    probabilities: Float
    listing: str | None = None

    @property
    def target(self) -> NDArray[np.intp]:
        """Targets by field: 0 benign, 1 malignant."""
        return np.array([f.target for f in self.fields])

    @property
    def patients(self) -> NDArray[np.str_]:
        """Patients by field."""
        return np.array([f.patient for f in self.fields])

    @property
    def protocol(self) -> str:
        """The protocol in words."""
        if self.listing is not None:
            tested = "the fold" if self.folds == 1 else f"the {self.folds} folds"
            return (
                f"Trained without the patients of {tested} in {self.listing}, measured on them, calibrated crosswise "
                "among them; 95 % bootstrap interval over patients"
            )
        return (
            f"{self.folds}-fold cross-validation by patient, repeated with seeds "
            f"{', '.join(map(str, self.seeds))}; mean over "
            "the repetitions; 95 % bootstrap interval over patients"
        )

    def final_calibration(self) -> PlattCalibration:
        """The calibration to ship, fitted on all out-of-fold logits."""
        repeated = len(self.seeds)
        return fit_platt(self.logits.ravel(), np.tile(self.target, repeated), np.tile(self.patients, repeated).tolist())

    def class_log_odds(self) -> dict[str, tuple[float, float]]:
        """Mean calibrated log odds of benign and of malignant fields by magnification, each patient alike.

        A magnification is left out unless each class has as many patients as there are folds.
        """
        calibration, means = self.final_calibration(), dict[str, tuple[float, float]]()
        log_odds = calibration.slope * self.logits.mean(axis=0) + calibration.intercept
        for magnification in {f.magnification: None for f in self.fields if f.magnification}:
            at = np.array([f.magnification == magnification for f in self.fields])
            of_class: list[float] = []
            for label in (0, 1):
                chosen = at & (self.target == label)
                by_patient = [log_odds[chosen & (self.patients == p)].mean() for p in np.unique(self.patients[chosen])]
                if len(by_patient) >= self.folds:
                    of_class.append(round(float(np.mean(by_patient)), 4))
            if len(of_class) == 2:
                means[magnification] = (of_class[0], of_class[1])
        return means

    def measure(self, magnification: Magnification | None) -> dict[str, dict[str, Any]]:
        """Image and patient metrics at one magnification, each with value and interval."""
        chosen = np.array([f.magnification == magnification for f in self.fields])
        target, patients = self.target[chosen], np.unique(self.patients[chosen], return_inverse=True)[1]
        logits, p = self.logits[:, chosen], self.probabilities[:, chosen]

        def count(name: str) -> Statistic:
            return lambda q, at: float(getattr(Counts.of(target[at], q[at] >= 0.5), name))

        statistics: dict[str, tuple[Float, Statistic]] = {
            "image_auc": (logits, lambda q, at: auc(target[at], q[at])),
            "image_accuracy": (p, count("accuracy")),
            "image_sensitivity": (p, count("recall")),
            "image_specificity": (p, count("specificity")),
            "image_precision": (p, count("precision")),
            "image_f1": (p, count("f1")),
            "image_ece": (p, lambda q, at: expected_calibration_error(target[at], q[at])),
            "patient_accuracy": (p, lambda q, at: patient_score(target[at], q[at] >= 0.5, patients[at])),
            "patient_auc": (logits, lambda q, at: patient_auc(target[at], q[at], patients[at])),
        }
        everything = np.arange(len(target))
        measured: dict[str, dict[str, Any]] = {}
        for name, (scores, statistic) in statistics.items():

            def over_seeds(at: NDArray[np.integer], rows: Float = scores, one: Statistic = statistic) -> float:
                return float(np.mean([one(row, at) for row in rows]))

            low, high = patient_bootstrap(over_seeds, patients.tolist(), strata=target, rounds=500)
            measured[name] = {"value": round(over_seeds(everything), 4), "interval": [round(low, 4), round(high, 4)]}
        return measured


def auc_difference(better: OutOfFold, other: OutOfFold, magnification: Magnification) -> tuple[float, float, float]:
    """Paired difference of two classifiers' image AUC on the same fields and folds, and its interval over patients.

    Returns:
        The mean over the repetitions, and the 95 % bootstrap interval.
    """
    chosen = np.array([f.magnification == magnification for f in better.fields])
    target, first, second = better.target[chosen], better.logits[:, chosen], other.logits[:, chosen]

    def difference(at: NDArray[np.integer]) -> float:
        pairs = zip(first, second, strict=True)
        return float(np.mean([auc(target[at], a[at]) - auc(target[at], b[at]) for a, b in pairs]))

    interval = patient_bootstrap(difference, better.patients[chosen].tolist(), strata=target, rounds=500)
    return difference(np.arange(len(target))), *interval


def cross_validate(fields: Sequence[Field], fit_and_score: FitAndScore, folding: Folding) -> OutOfFold:
    """Run a cross-validation and cross-fit the calibration.

    Args:
        fields: The fields; with given folds, the result omits fields that are never tested.
        fit_and_score: The classifier under test.
        folding: The splits.
    """
    logits = np.full((len(folding.repetitions), len(fields)), np.nan)
    for row, splits in zip(logits, folding.repetitions, strict=True):
        for train, test in splits:
            row[test] = fit_and_score(train, test)
    tested = np.flatnonzero(~np.isnan(logits).any(axis=0))
    chosen, logits = [fields[int(i)] for i in tested], logits[:, tested]
    if folding.listing is None:
        crosswise: Sequence[Sequence[Split]] = folding.repetitions
    else:
        crosswise = [_calibration_folds(chosen)]
    target, patients = np.array([f.target for f in chosen]), np.array([f.patient for f in chosen])
    probabilities = np.full_like(logits, np.nan)
    for row, of, splits in zip(probabilities, logits, crosswise, strict=True):
        for others, test in splits:
            row[test] = fit_platt(of[others], target[others], patients[others].tolist())(of[test])
    return OutOfFold(chosen, folding.seeds, folding.folds, logits, probabilities, folding.listing)


def _calibration_folds(fields: Sequence[Field]) -> list[Split]:
    """Folds of the tested patients, so that no patient's probability is calibrated on that patient's logits.

    Raises:
        ValueError: A class has less than two tested patients.
    """
    count = min(len({f.patient for f in fields if f.target == target}) for target in (0, 1))
    if count < 2:
        raise ValueError("the tested folds need two patients of each class, to calibrate crosswise")
    return grouped_folds(fields, min(5, count), 0)


def choose_thresholds(
    oof: OutOfFold, sensitivity: float = 0.95, specificity: float = 0.90, answered: float = 0.5
) -> Thresholds:
    """The narrowest "not sure" band outside which the required sensitivity and specificity hold out of fold.

    "Outside the band" means among the fields that get a definite answer. If no band reaches all three figures, the
    specificity is lowered first, then the share of answers, but never the sensitivity.

    Args:
        oof: Out-of-fold probabilities.
        sensitivity: Required share of suspected fields among the answered malignant ones.
        specificity: Required share of cleared fields among the answered benign ones.
        answered: Required share of answered fields, with equal weights for both classes.

    Raises:
        ValueError: No band reaches the sensitivity.
    """
    repeated = len(oof.seeds)
    target, p = np.tile(oof.target, repeated), oof.probabilities.ravel()
    grid = np.round(np.arange(0.02, 0.99, 0.01), 2)
    below = {label: np.array([(p[target == label] < g).mean() for g in grid]) for label in (0, 1)}
    i, j = np.triu_indices(len(grid))  # every pair low <= high
    missed, found = below[1][i], 1 - below[1][j]
    cleared, alarmed = below[0][i], 1 - below[0][j]
    answers = (missed + found + cleared + alarmed) / 2
    safe = (found > 0) & (cleared > 0) & (found >= sensitivity * (found + missed))
    specific = cleared / np.maximum(cleared + alarmed, 1e-9)
    for share in np.arange(answered, -0.01, -0.1):
        for wanted in np.arange(specificity, 0.29, -0.05):
            good = np.flatnonzero(safe & (specific >= wanted) & (answers >= share))
            if len(good):
                best = good[answers[good].argmax()]
                return Thresholds(low=float(grid[i[best]]), high=float(grid[j[best]]))
    raise ValueError("no band reaches the wanted sensitivity: the classifier does not separate the classes")


def measure_band(
    oof: OutOfFold, thresholds: Thresholds, magnification: Magnification | None = None
) -> dict[str, float]:
    """Measure a "not sure" band out of fold.

    Args:
        oof: Out-of-fold probabilities.
        thresholds: The band.
        magnification: Magnification of the fields; None for all.

    Returns:
        Share of fields that get an answer; sensitivity and specificity among these; the shares of all malignant fields
        that are cleared and of all benign fields that are suspected.
    """
    chosen = np.array([magnification in (None, f.magnification) for f in oof.fields])
    target, p = np.tile(oof.target[chosen], len(oof.seeds)), oof.probabilities[:, chosen].ravel()
    suspected, cleared = p >= thresholds.high, p < thresholds.low
    sure = suspected | cleared
    return {
        "answered": round(float(sure.mean()), 4),
        "sensitivity_outside": round(float(suspected[sure & (target == 1)].mean()), 4),
        "specificity_outside": round(float(cleared[sure & (target == 0)].mean()), 4),
        "malignant_cleared": round(float(cleared[target == 1].mean()), 4),
        "benign_suspected": round(float(suspected[target == 0].mean()), 4),
    }
