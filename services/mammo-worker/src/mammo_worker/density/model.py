"""Predicts a category from features with a linear model, and thresholds on its expected category."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lobule.contracts.result import DensityCategory
from mammo_worker.data.splits import fold_of

CATEGORIES: tuple[DensityCategory, ...] = ("a", "b", "c", "d")
_STRENGTH = 3e-3  # inverse strength of the regularisation
_INNER_FOLDS = 4


@dataclass(frozen=True)
class DensityModel:
    """A fitted model.

    Attributes:
        mean: Means (F,) of the features.
        deviation: Standard deviations (F,) of the features.
        weights: Weights (4, F) of the standardised features.
        bias: Biases (4,).
        thresholds: Thresholds (3,) between the categories, on the expected category (0 for a to 3 for d).
    """

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    thresholds: NDArray[np.float64]

    ARRAYS: ClassVar[tuple[str, ...]] = ("mean", "deviation", "weights", "bias", "thresholds")

    def expected(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Expected categories (N,), 0 to 3, from features (N, F). They can be averaged over the views of a breast."""
        logits = (features - self.mean) / self.deviation @ self.weights.T + self.bias
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        return p @ np.arange(4) / p.sum(axis=1)

    def categories(self, expected: NDArray[np.floating]) -> NDArray[np.int64]:
        """Categories (N,), 0 to 3, from expected categories."""
        return np.digitize(expected, self.thresholds)


def category_of(expected: float, thresholds: Sequence[float] | NDArray[np.floating]) -> DensityCategory:
    """The category of an expected category, by the thresholds of a model."""
    return CATEGORIES[int(np.digitize(expected, np.asarray(thresholds)))]


def fit(features: NDArray[np.floating], categories: NDArray[np.integer], patients: Sequence[str]) -> DensityModel:
    """Fit on films of training patients.

    The most likely category would hardly ever be a or d, which are rare. The thresholds therefore divide the expected
    categories of inner folds' held-out patients into the shares that the categories have.

    Args:
        features: Features (V, N, F) of the films as they are and of their changed copies, which count alike.
        categories: Categories (N,), 0 to 3; all four must occur.
        patients: Patients (N,).

    Raises:
        ValueError: A category is missing.
    """
    if set(np.unique(categories)) != {0, 1, 2, 3}:
        raise ValueError("films of all four categories are needed")
    inner = np.tile([fold_of(f"inner {p}", _INNER_FOLDS) for p in patients], len(features))
    categories = np.tile(categories, len(features))
    features = features.reshape(-1, features.shape[-1])
    predicted = np.zeros(len(categories))
    for fold in range(_INNER_FOLDS):
        held = inner == fold
        if held.any():
            predicted[held] = _linear(features[~held], categories[~held], np.zeros(3)).expected(features[held])
    shares = np.cumsum(np.bincount(categories, minlength=4))[:3] / len(categories)
    return _linear(features, categories, np.quantile(predicted, shares))


def _linear(
    features: NDArray[np.floating], categories: NDArray[np.integer], thresholds: NDArray[np.float64]
) -> DensityModel:
    from sklearn.linear_model import LogisticRegression  # needed only for fitting, not for serving

    mean, deviation = features.mean(axis=0, dtype=np.float64), features.std(axis=0, dtype=np.float64) + 1e-6
    model = LogisticRegression(C=_STRENGTH, max_iter=500).fit((features - mean) / deviation, categories)
    weights, bias = np.zeros((4, features.shape[1])), np.full(4, -30.0)
    weights[model.classes_], bias[model.classes_] = model.coef_, model.intercept_
    return DensityModel(mean, deviation, weights, bias, thresholds)
