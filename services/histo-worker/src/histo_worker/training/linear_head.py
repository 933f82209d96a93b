"""A regularised linear head on frozen features."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from histo_worker.evaluation.calibration import patient_weights

Float = NDArray[np.floating]


@dataclass(frozen=True)
class LinearHead:
    """logit = features @ weights + bias, on the backbone's features."""

    weights: Float
    bias: float

    def __call__(self, features: Float) -> Float:
        """Logits of rows of features."""
        return features @ self.weights + self.bias


def fit_linear_head(
    features: Float,
    target: NDArray[np.integer],
    patients: Sequence[str],
    c: float,
    shrinkage: float = 0.0,
    weights: Float | None = None,
) -> LinearHead:
    """Fit L2-regularised logistic regression on standardised features with differences between patients removed.

    The directions in which patients of one class differ (dye, camera, slide) are shrunk first, by the square root of
    one plus `shrinkage` times their variance: within-class covariance normalisation (Hatch et al., Interspeech 2006),
    on patients' means. Both linear maps are merged into the head.

    Args:
        features: (fields, features).
        target: 0 benign, 1 malignant.
        patients: Patient of each field.
        c: Inverse strength of the regularisation.
        shrinkage: How strongly differences between patients are removed; 0 keeps them.
        weights: Weight of each field in the fit; by default `patient_weights`.
    """
    scaler = StandardScaler().fit(features)
    standardised = np.asarray(scaler.transform(features))
    axes, factors = _patient_axes(standardised, target, np.asarray(patients), shrinkage)
    shrunk = standardised + (standardised @ axes.T * factors) @ axes
    model = LogisticRegression(C=c, max_iter=2000)
    model.fit(shrunk, target, sample_weight=patient_weights(target, patients) if weights is None else weights)
    coefficients = np.asarray(model.coef_)[0]
    coefficients = coefficients + (coefficients @ axes.T * factors) @ axes  # the map is symmetric
    slopes = coefficients / np.asarray(scaler.scale_)
    return LinearHead(slopes, float(np.asarray(model.intercept_)[0] - slopes @ np.asarray(scaler.mean_)))


def mean_head(heads: Sequence[LinearHead]) -> LinearHead:
    """The head whose logits are the mean of the heads' logits."""
    return LinearHead(np.mean([h.weights for h in heads], axis=0), float(np.mean([h.bias for h in heads])))


def _patient_axes(
    standardised: Float, target: NDArray[np.integer], patients: NDArray[np.str_], shrinkage: float
) -> tuple[Float, Float]:
    """Orthonormal rows that span the differences of patients' means within the classes, and the factor along each."""
    centred = []
    for label in (0, 1):
        names = np.unique(patients[target == label])
        means = np.stack([standardised[(patients == n) & (target == label)].mean(axis=0) for n in names])
        centred.append((means - means.mean(axis=0)) / np.sqrt(2 * len(means)))
    _, deviations, axes = np.linalg.svd(np.concatenate(centred), full_matrices=False)
    return axes, 1 / np.sqrt(1 + shrinkage * deviations**2) - 1
