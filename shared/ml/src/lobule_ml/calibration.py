"""From scores to probabilities."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression

_EDGE = 1e-4


def logit(p: NDArray[np.floating] | float) -> NDArray[np.float64]:
    """log(p / (1 - p)), p kept off 0 and 1."""
    p = np.clip(np.asarray(p, np.float64), _EDGE, 1 - _EDGE)
    return np.log(p / (1 - p))


def sigmoid(values: ArrayLike) -> NDArray[np.float64]:
    """The logistic function, without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * np.asarray(values, np.float64)))


@dataclass(frozen=True)
class Logistic:
    """A logistic model: probability = sigmoid(weights . features + bias)."""

    weights: tuple[float, ...]
    bias: float

    def __call__(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Probabilities (N,) of features (N, K)."""
        values = np.asarray(features, np.float64).reshape(-1, len(self.weights)) @ np.array(self.weights)
        return sigmoid(values + self.bias)

    @classmethod
    def fit(cls, features: NDArray[np.floating], truth: NDArray[Any]) -> "Logistic":
        """Fit with a slight pull towards zero (Platt's method where there is one feature)."""
        model = LogisticRegression(C=1.0).fit(np.asarray(features).reshape(len(truth), -1), truth)
        return cls(tuple(float(w) for w in model.coef_[0]), float(model.intercept_[0]))
