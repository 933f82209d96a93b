"""Measures how unlike a field's tissue is to the training tissue.

Features of a square are compared with those of each training source by the Mahalanobis distance (Lee et al., NeurIPS
2018); the nearest source counts. The distances of unseen patients' fields show how rare a distance is.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

FAR = 0.98
"""A field that is less similar than this share of the training fields is unlike the training tissue."""
_MOST_SQUARES = 512  # squares of a field, evenly chosen; more add no information
_SHRINKAGE = 0.1  # shrinkage of a covariance towards its diagonal


@dataclass(frozen=True)
class TrainingTissue:
    """Statistics of the features of each source, and the distances of unseen fields.

    Attributes:
        means: Means (sources, features).
        whitening: Matrices (sources, features, features) from differences to deviations.
        usual: Distances (sources,) that few unseen fields of a source exceed.
        quantiles: Quantiles, from 0 to 1, of unseen fields' distances relative to `usual`.
    """

    means: Floats
    whitening: Floats
    usual: Floats
    quantiles: Floats

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> "TrainingTissue":
        """Read the statistics from the arrays of a package.

        Raises:
            KeyError: An array is missing.
        """
        names = ("means", "whitening", "usual", "quantiles")
        return cls(*(np.asarray(arrays[f"training/{name}"], np.float32) for name in names))

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Arrays for a package."""
        return {
            "training/means": self.means.astype(np.float32),
            "training/whitening": self.whitening.astype(np.float16),
            "training/usual": self.usual.astype(np.float32),
            "training/quantiles": self.quantiles.astype(np.float32),
        }

    def distance(self, features: Floats) -> float:
        """The mean over a field's squares of the distance to the nearest source, relative to `usual`.

        Args:
            features: (squares, features).
        """
        some = features[:: max(1, len(features) // _MOST_SQUARES)]
        away = some[:, None] - self.means[None]
        lengths = np.linalg.norm(np.einsum("nsf,sfg->nsg", away, self.whitening, optimize=True), axis=2)
        return float((lengths / self.usual).min(axis=1).mean())

    def unlike(self, features: Floats) -> float:
        """The share of unseen training fields that are nearer than this field, from 0 to 1."""
        shares = np.linspace(0, 1, len(self.quantiles))
        return round(float(np.interp(self.distance(features), self.quantiles, shares)), 4)


def whitening_of(features: Floats) -> Floats:
    """The matrix that transforms features to uncorrelated deviations; the covariance is shrunk towards its diagonal."""
    covariance = np.cov(features, rowvar=False)
    diagonal = np.diag(np.diag(covariance) + 1e-4)
    values, vectors = np.linalg.eigh((1 - _SHRINKAGE) * covariance + _SHRINKAGE * diagonal)
    return vectors / np.sqrt(np.maximum(values, 1e-6)) / np.sqrt(len(values))


def fit_training_tissue(
    fields: list[Floats], sources: list[str], patients: list[str], folds: int = 5
) -> TrainingTissue:
    """Fit the statistics on all fields, and the usual distances on patients who were left out.

    Args:
        fields: Features of each field's squares.
        sources: Source of each field.
        patients: Patient of each field.
        folds: Number of folds of patients.
    """
    names = sorted(set(sources))
    source = np.array(sources)
    lengths = np.array([len(f) for f in fields])
    every = np.concatenate(fields)
    owner = np.repeat(np.arange(len(fields)), lengths)
    order = {p: i % folds for i, p in enumerate(sorted(set(patients)))}
    fold = np.array([order[p] for p in patients])

    def statistics(chosen: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        parts = [every[(chosen & (source == name))[owner]] for name in names]
        return np.stack([p.mean(axis=0) for p in parts]), np.stack([whitening_of(p) for p in parts])

    away = np.zeros((len(fields), len(names)))
    held: list[TrainingTissue] = []
    for k in range(folds):
        means, whitening = statistics(fold != k)
        held.append(TrainingTissue(means, whitening, np.ones(len(names)), np.zeros(2)))
        for i in np.flatnonzero(fold == k):
            own = names.index(source[i])
            away[i, own] = np.linalg.norm((fields[i] - means[own]) @ whitening[own], axis=1).mean()
    usual = np.array([np.quantile(away[source == name, j], FAR) for j, name in enumerate(names)])
    distances = [
        TrainingTissue(held[fold[i]].means, held[fold[i]].whitening, usual, np.zeros(2)).distance(fields[i])
        for i in range(len(fields))
    ]
    # The same share of each source, so that no source is far as a whole.
    quantiles = np.max(
        [np.quantile(np.array(distances)[source == name], np.linspace(0, 1, 201)) for name in names], axis=0
    )
    return TrainingTissue(*statistics(np.ones(len(fields), bool)), usual, quantiles)
