"""Calibration of scores to probabilities."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

_EDGE = 1e-4


def logit(p: NDArray[np.floating] | float) -> NDArray[np.float64]:
    """log(p / (1 - p)), with p clipped away from 0 and 1."""
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
    def fit(
        cls,
        features: NDArray[np.floating],
        truth: NDArray[Any],
        *,
        rising: bool = False,
        weights: NDArray[np.floating] | None = None,
    ) -> "Logistic":
        """Fit with weak L2 regularisation (Platt's method if there is one feature).

        Args:
            features: (N, K).
            truth: Boolean labels (N,).
            rising: Keep every weight at zero or above, so that a larger feature never lowers the probability.
            weights: Weight (N,) of each example, not together with `rising`; None if all count the same.
        """
        from sklearn.linear_model import LogisticRegression  # slow to import, and not needed for serving

        x, y = np.asarray(features, np.float64).reshape(len(truth), -1), np.asarray(truth, bool)
        model = LogisticRegression(C=1.0).fit(x, y, sample_weight=weights)
        slopes, bias = model.coef_[0], float(model.intercept_[0])
        if rising and (slopes < 0).any():
            slopes, bias = _fit_rising(x, y)
        return cls(tuple(float(w) for w in slopes), bias)


def _fit_rising(x: NDArray[np.float64], y: NDArray[np.bool_]) -> tuple[NDArray[np.float64], float]:
    """Minimise scikit-learn's objective (log loss plus half the squared weights) over weights that are not negative."""
    from scipy.optimize import minimize

    signs = np.where(y, 1.0, -1.0)

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights, margins = parameters[:-1], signs * (x @ parameters[:-1] + parameters[-1])
        pull = -signs * sigmoid(-margins)
        value = float(np.logaddexp(0, -margins).sum() + 0.5 * weights @ weights)
        return value, np.append(x.T @ pull + weights, pull.sum())

    bounds = [(0.0, None)] * x.shape[1] + [(None, None)]
    found = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, bounds=bounds, method="L-BFGS-B")
    return found.x[:-1], float(found.x[-1])
