"""Statistics of classifiers. The patient is the unit of every interval, because images of one patient are alike."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]


@dataclass(frozen=True)
class Counts:
    """A confusion matrix; malignant is positive.

    Precision and recall are the standard ones. The thesis' equations (4.1.4) print TP/(TP+FN) as "precision", which is
    recall, and a "recall" over the negatives that is no recall; compare its columns with that in mind.
    """

    true_positive: int
    false_positive: int
    true_negative: int
    false_negative: int

    @classmethod
    def of(cls, target: ArrayLike, predicted: ArrayLike) -> "Counts":
        """Count boolean predictions against 0/1 targets."""
        t, p = np.asarray(target, bool), np.asarray(predicted, bool)
        return cls(int((t & p).sum()), int((~t & p).sum()), int((~t & ~p).sum()), int((t & ~p).sum()))

    @property
    def accuracy(self) -> float:
        """Correct of all."""
        total = self.true_positive + self.false_positive + self.true_negative + self.false_negative
        return _ratio(self.true_positive + self.true_negative, total)

    @property
    def precision(self) -> float:
        """Malignant of those called malignant."""
        return _ratio(self.true_positive, self.true_positive + self.false_positive)

    @property
    def recall(self) -> float:
        """Called malignant of the malignant: sensitivity."""
        return _ratio(self.true_positive, self.true_positive + self.false_negative)

    @property
    def specificity(self) -> float:
        """Called benign of the benign."""
        return _ratio(self.true_negative, self.true_negative + self.false_positive)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return _ratio(2 * self.true_positive, 2 * self.true_positive + self.false_positive + self.false_negative)


def auc(target: ArrayLike, score: ArrayLike) -> float:
    """Area under the ROC curve; NaN where only one class is present."""
    positive = np.asarray(target, bool)
    found, others = int(positive.sum()), int((~positive).sum())
    if not found or not others:
        return float("nan")
    ranks = rankdata(np.asarray(score))  # Mann and Whitney's statistic; ten times faster than drawing the curve
    return float((ranks[positive].sum() - found * (found + 1) / 2) / (found * others))


def patient_score(target: ArrayLike, predicted: ArrayLike, patients: Sequence[str] | NDArray[Any]) -> float:
    """The thesis' patient level (4.1.4): the share of a patient's fields that are right, averaged over patients."""
    right = np.asarray(target, bool) == np.asarray(predicted, bool)
    _, place, fields = np.unique(np.asarray(patients), return_inverse=True, return_counts=True)
    return float((np.bincount(place, right) / fields).mean())


def patient_auc(target: ArrayLike, score: ArrayLike, patients: Sequence[str] | NDArray[Any]) -> float:
    """AUC of the patients' mean scores; a patient's class is that of its fields."""
    _, first, place, fields = np.unique(
        np.asarray(patients), return_index=True, return_inverse=True, return_counts=True
    )
    return auc(np.asarray(target)[first], np.bincount(place, np.asarray(score)) / fields)


def expected_calibration_error(target: ArrayLike, probability: ArrayLike, bins: int = 10) -> float:
    """Mean gap between certainty and truth over bins of equal width.

    Weighted by their sizes (Guo et al., ICML 2017).
    """
    t, p = np.asarray(target, float), np.asarray(probability, float)
    place = np.minimum((p * bins).astype(int), bins - 1)
    gaps = np.abs(np.bincount(place, t, bins) - np.bincount(place, p, bins))  # each already times its bin's size
    return float(gaps.sum() / len(t))


def chance_calibration_error(probability: ArrayLike, bins: int = 10, rounds: int = 1000, seed: int = 0) -> float:
    """The `expected_calibration_error` that probabilities have on average if each of them is exactly right.

    It is above zero, because outcomes are drawn: the fewer items there are, the larger it is (Roelofs et al., AISTATS
    2022). A calibration error that is no larger shows no miscalibration.

    Args:
        probability: Probabilities (N,).
        bins: As for `expected_calibration_error`.
        rounds: Sets of outcomes to draw.
        seed: Seed of the outcomes.
    """
    p = np.asarray(probability, float)
    outcomes = np.random.default_rng(seed).random((rounds, len(p))) < p
    return float(np.mean([expected_calibration_error(drawn, p, bins) for drawn in outcomes]))


def patient_bootstrap(
    statistic: Callable[[Ints], float],
    patients: Sequence[str] | NDArray[np.str_],
    *,
    strata: ArrayLike | None = None,
    rounds: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % percentile interval of a statistic over patients drawn with replacement.

    Args:
        statistic: Called with the indices of a resample's items; rounds where it is NaN are left out.
        patients: Patient by item.
        strata: A class by item; the number of each class's patients is then kept in every resample.
        rounds: Resamples.
        seed: Seed of the resampling.

    Returns:
        Its bounds; NaN where the statistic is NaN in every round.
    """
    names = np.asarray(patients)
    classes = np.zeros(len(names), int) if strata is None else np.asarray(strata)
    groups = [[np.flatnonzero(names == n) for n in np.unique(names[classes == c])] for c in np.unique(classes)]
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(rounds):
        drawn = [group[i] for group in groups for i in rng.integers(0, len(group), len(group))]
        values.append(statistic(np.concatenate(drawn)))
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return math.nan, math.nan
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
