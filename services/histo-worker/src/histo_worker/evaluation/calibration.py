"""Platt calibration of a classifier's logits, fitted with weights for patients."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from lobule_ml.calibration import sigmoid

Float = NDArray[np.floating]


def patient_weights(target: NDArray[np.integer], patients: Sequence[str]) -> Float:
    """Weights of fields: both classes have equal weight, and a patient with n fields weighs sqrt(n) within the class.

    A patient's fields are similar, so many of them contain little more information than a few.
    """
    names = np.asarray(patients)
    weights = np.zeros(len(target))
    for name in np.unique(names):
        mine = names == name
        weights[mine] = 1 / np.sqrt(mine.sum())
    for label in (0, 1):
        weights[target == label] *= len(target) / 2 / weights[target == label].sum()
    return weights


@dataclass(frozen=True)
class PlattCalibration:
    """probability = sigmoid(slope * logit + intercept) (Platt 1999)."""

    slope: float
    intercept: float

    def __call__(self, logits: Float) -> Float:
        """Calibrated probabilities."""
        return sigmoid(self.slope * logits + self.intercept)


_INTERCEPT_PRIOR = 100.0
"""Weight, in fields, of the prior that keeps a calibration's intercept at 0; chosen by cross-validation."""


def fit_platt(logits: Float, target: NDArray[np.integer], patients: Sequence[str]) -> PlattCalibration:
    """Fit a calibration on logits of unseen fields, with equal weights for both classes.

    The head was trained with equal weights for the classes, so its zero is the undecided point, and two dozen patients
    provide little information about its offset. A prior therefore keeps the intercept near 0.
    """
    scale = float(np.std(logits)) or 1.0
    strength = 10.0
    # liblinear is scikit-learn's only solver that penalises the intercept: by 1 / (2 C scaling^2).
    scaling = 1 / np.sqrt(strength * _INTERCEPT_PRIOR)
    model = LogisticRegression(C=strength, solver="liblinear", intercept_scaling=scaling).fit(
        (logits / scale)[:, None], target, sample_weight=patient_weights(target, patients)
    )
    slope = max(float(np.asarray(model.coef_)[0, 0]), 0.0)  # a score with the wrong sign must not be inverted
    return PlattCalibration(slope / scale, float(np.asarray(model.intercept_)[0]))
