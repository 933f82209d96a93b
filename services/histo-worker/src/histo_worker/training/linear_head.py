"""A regularised linear head on frozen features, and its calibration."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from lobule_ml.calibration import sigmoid

Float = NDArray[np.floating]


@dataclass(frozen=True)
class LinearHead:
    """logit = features @ weights + bias, on features as the backbone gives them."""

    weights: Float
    bias: float

    def __call__(self, features: Float) -> Float:
        """Logits of rows of features."""
        return features @ self.weights + self.bias


def patient_weights(target: NDArray[np.integer], patients: Sequence[str]) -> Float:
    """Weights of fields: both classes weigh alike, and a patient with n fields weighs sqrt(n) within its class.

    A patient's fields are alike, so many of them say little more than a few.
    """
    names = np.asarray(patients)
    weights = np.zeros(len(target))
    for name in np.unique(names):
        mine = names == name
        weights[mine] = 1 / np.sqrt(mine.sum())
    for label in (0, 1):
        weights[target == label] *= len(target) / 2 / weights[target == label].sum()
    return weights


def fit_linear_head(
    features: Float, target: NDArray[np.integer], patients: Sequence[str], c: float, shrinkage: float = 0.0
) -> LinearHead:
    """L2-regularised logistic regression on standardised features that patients were taken out of.

    The directions in which patients of one class differ (dye, camera, slide) are shrunk first, by the square
    root of one plus
    `shrinkage` times their variance: within-class covariance normalisation (Hatch et al., Interspeech 2006), on
    patients' means.
    Both linear maps are folded into the head.

    Args:
        features: (fields, features).
        target: 0 benign, 1 malignant.
        patients: Patient by field.
        c: Inverse strength of the regularisation.
        shrinkage: How strongly the differences between patients are taken out; 0 leaves them.
    """
    scaler = StandardScaler().fit(features)
    standardised = np.asarray(scaler.transform(features))
    axes, factors = _patient_axes(standardised, target, np.asarray(patients), shrinkage)
    shrunk = standardised + (standardised @ axes.T * factors) @ axes
    model = LogisticRegression(C=c, max_iter=2000)
    model.fit(shrunk, target, sample_weight=patient_weights(target, patients))
    coefficients = np.asarray(model.coef_)[0]
    coefficients = coefficients + (coefficients @ axes.T * factors) @ axes  # the map is symmetric
    weights = coefficients / np.asarray(scaler.scale_)
    return LinearHead(weights, float(np.asarray(model.intercept_)[0] - weights @ np.asarray(scaler.mean_)))


def _patient_axes(
    standardised: Float, target: NDArray[np.integer], patients: NDArray[np.str_], shrinkage: float
) -> tuple[Float, Float]:
    """Orthonormal rows that span the differences of patients' means within the classes, and what to add along each."""
    centred = []
    for label in (0, 1):
        names = np.unique(patients[target == label])
        means = np.stack([standardised[(patients == n) & (target == label)].mean(axis=0) for n in names])
        centred.append((means - means.mean(axis=0)) / np.sqrt(2 * len(means)))
    _, deviations, axes = np.linalg.svd(np.concatenate(centred), full_matrices=False)
    return axes, 1 / np.sqrt(1 + shrinkage * deviations**2) - 1


@dataclass(frozen=True)
class PlattCalibration:
    """probability = sigmoid(slope * logit + intercept) (Platt 1999)."""

    slope: float
    intercept: float

    def __call__(self, logits: Float) -> Float:
        """Calibrated probabilities."""
        return sigmoid(self.slope * logits + self.intercept)


_INTERCEPT_PRIOR = 100.0
"""How many fields' worth of belief hold a calibration's intercept at 0, chosen on the cross-validation."""


def fit_platt(logits: Float, target: NDArray[np.integer], patients: Sequence[str]) -> PlattCalibration:
    """Fit a calibration on logits of fields that the classifier did not see, both classes weighing alike.

    The head was trained with classes that weigh alike, so its own zero is where it cannot decide; two dozen patients
    say little about how far off that is. So the intercept is held near 0 by a prior.
    """
    scale = float(np.std(logits)) or 1.0
    strength = 10.0
    # liblinear is the one solver of scikit-learn that penalises the intercept: by 1 / (2 C scaling^2).
    scaling = 1 / np.sqrt(strength * _INTERCEPT_PRIOR)
    model = LogisticRegression(C=strength, solver="liblinear", intercept_scaling=scaling).fit(
        (logits / scale)[:, None], target, sample_weight=patient_weights(target, patients)
    )
    slope = max(float(np.asarray(model.coef_)[0, 0]), 0.0)  # a score that points the wrong way must not be turned round
    return PlattCalibration(slope / scale, float(np.asarray(model.intercept_)[0]))
