"""Statistics of classifiers. The patient is the unit of every interval, because images of one patient are alike."""

import math
from collections.abc import Callable, Iterator, Sequence
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

    Precision and recall are the standard ones. The thesis' equations (4.1.4) give TP/(TP+FN), which is recall, as
    "precision", and a ratio over the negatives as "recall"; keep this in mind when you compare its columns.
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
        """The share of correct predictions."""
        total = self.true_positive + self.false_positive + self.true_negative + self.false_negative
        return _ratio(self.true_positive + self.true_negative, total)

    @property
    def precision(self) -> float:
        """The share of positive predictions that are correct."""
        return _ratio(self.true_positive, self.true_positive + self.false_positive)

    @property
    def recall(self) -> float:
        """The share of malignant items that are predicted as malignant (sensitivity)."""
        return _ratio(self.true_positive, self.true_positive + self.false_negative)

    @property
    def specificity(self) -> float:
        """The share of benign items that are predicted as benign."""
        return _ratio(self.true_negative, self.true_negative + self.false_positive)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return _ratio(2 * self.true_positive, 2 * self.true_positive + self.false_positive + self.false_negative)


def auc(target: ArrayLike, score: ArrayLike) -> float:
    """Area under the ROC curve; NaN if only one class is present."""
    positive = np.asarray(target, bool)
    found, others = int(positive.sum()), int((~positive).sum())
    if not found or not others:
        return float("nan")
    ranks = rankdata(np.asarray(score))  # Mann-Whitney statistic, ten times faster than computing the curve
    return float((ranks[positive].sum() - found * (found + 1) / 2) / (found * others))


def dice(truth: ArrayLike, found: ArrayLike) -> float:
    """The Dice coefficient of two masks; 1 if both are empty."""
    t, f = np.asarray(truth, bool), np.asarray(found, bool)
    total = int(t.sum() + f.sum())
    return 2 * int((t & f).sum()) / total if total else 1.0


def patient_score(target: ArrayLike, predicted: ArrayLike, patients: Sequence[str] | NDArray[Any]) -> float:
    """The thesis' patient-level score (4.1.4): the share of correct images of a patient, averaged over patients."""
    right = np.asarray(target, bool) == np.asarray(predicted, bool)
    _, place, fields = np.unique(np.asarray(patients), return_inverse=True, return_counts=True)
    return float((np.bincount(place, right) / fields).mean())


def patient_auc(target: ArrayLike, score: ArrayLike, patients: Sequence[str] | NDArray[Any]) -> float:
    """AUC of the patients' mean scores; a patient has the class of their images."""
    _, first, place, fields = np.unique(
        np.asarray(patients), return_index=True, return_inverse=True, return_counts=True
    )
    return auc(np.asarray(target)[first], np.bincount(place, np.asarray(score)) / fields)


def log_loss(target: ArrayLike, probability: ArrayLike) -> float:
    """Mean negative log likelihood of outcomes (N,), with probabilities (N,) clipped away from 0 and 1."""
    t, p = np.asarray(target, bool), np.clip(np.asarray(probability, float), 1e-4, 1 - 1e-4)
    return float(-np.mean(np.where(t, np.log(p), np.log(1 - p))))


def expected_calibration_error(target: ArrayLike, probability: ArrayLike, bins: int = 10) -> float:
    """Expected calibration error with bins of equal width (Guo et al., ICML 2017).

    The mean gap between predicted probability and observed frequency, weighted by the sizes of the bins.
    """
    t, p = np.asarray(target, float), np.asarray(probability, float)
    place = np.minimum((p * bins).astype(int), bins - 1)
    gaps = np.abs(np.bincount(place, t, bins) - np.bincount(place, p, bins))  # each multiplied by its bin's size
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


def patient_resamples(
    patients: Sequence[str] | NDArray[np.str_],
    *,
    strata: ArrayLike | None = None,
    rounds: int = 1000,
    seed: int = 0,
) -> Iterator[Ints]:
    """Draw patients with replacement; see `patient_bootstrap`.

    Yields:
        The indices of the items of each round's patients.
    """
    names = np.asarray(patients)
    classes = np.zeros(len(names), int) if strata is None else np.asarray(strata)
    groups = [[np.flatnonzero(names == n) for n in np.unique(names[classes == c])] for c in np.unique(classes)]
    rng = np.random.default_rng(seed)
    for _ in range(rounds):
        yield np.concatenate([group[i] for group in groups for i in rng.integers(0, len(group), len(group))])


def patient_bootstrap(
    statistic: Callable[[Ints], float],
    patients: Sequence[str] | NDArray[np.str_],
    *,
    strata: ArrayLike | None = None,
    rounds: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % percentile interval of a statistic, by resampling patients with replacement.

    Args:
        statistic: Called with the indices of a resample's items; rounds in which it is NaN are left out.
        patients: The patient of each item.
        strata: The class of each item, to keep the number of patients of each class in every resample.
        rounds: Number of resamples.
        seed: Seed of the resampling.

    Returns:
        The lower and upper bound; NaN if the statistic is NaN in every round.
    """
    values = [statistic(drawn) for drawn in patient_resamples(patients, strata=strata, rounds=rounds, seed=seed)]
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return math.nan, math.nan
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
