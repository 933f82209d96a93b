"""Measures how unlike a field's tissue is to the training tissue.

Statistics of its squares, and the features of the whole field that the gate reads, are compared with those of each
training source by the Mahalanobis distance (Lee et al., NeurIPS 2018); the nearest source counts, and of the two
comparisons the one that is further. Neither was trained for carcinoma, so they keep what tells other pictures apart.
The distances of unseen patients' fields show how rare a distance is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

FAR = 0.98
"""A field that is less similar than this share of the training fields is unlike the training tissue."""
_MOST_SQUARES = 512  # squares of a field, evenly chosen; more add no information
_SHRINKAGE = 0.1  # shrinkage of a covariance towards its diagonal


@dataclass(frozen=True)
class Sources:
    """Statistics of one kind of features of each source.

    Attributes:
        means: Means (sources, features).
        whitening: Matrices (sources, features, features) from differences to deviations.
        usual: Distances (sources,) that few unseen fields of a source exceed.
    """

    means: Floats
    whitening: Floats
    usual: Floats

    def distance(self, features: Floats) -> float:
        """The mean over rows (n, features) of the distance to the nearest source, relative to `usual`."""
        some = features[:: max(1, len(features) // _MOST_SQUARES)]
        away = some[:, None] - self.means[None]
        lengths = np.linalg.norm(np.einsum("nsf,sfg->nsg", away, self.whitening, optimize=True), axis=2)
        return float((lengths / self.usual).min(axis=1).mean())


@dataclass(frozen=True)
class TrainingTissue:
    """The training tissue, and the distances of unseen fields.

    Attributes:
        squares: Distribution of the statistics of squares.
        fields: Distribution of the gate's features of whole fields.
        quantiles: Quantiles, from 0 to 1, of unseen fields' distances.
    """

    squares: Sources
    fields: Sources
    quantiles: Floats

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> "TrainingTissue":
        """Read the statistics from the arrays of a package.

        Raises:
            KeyError: An array is missing.
        """
        squares, fields = (
            Sources(*(np.asarray(arrays[f"training/{kind}/{name}"], np.float32) for name in _NAMES)) for kind in _KINDS
        )
        return cls(squares, fields, np.asarray(arrays["training/quantiles"], np.float32))

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Arrays for a package."""
        named: dict[str, NDArray[np.generic]] = {"training/quantiles": self.quantiles.astype(np.float32)}
        for kind in _KINDS:
            for name in _NAMES:
                named[f"training/{kind}/{name}"] = getattr(getattr(self, kind), name).astype(np.float32)
        return named

    def unlike(self, squares: Floats, field: Floats) -> float:
        """The share of unseen training fields that are nearer than a field, from 0 to 1.

        Args:
            squares: Statistics of its squares, (squares, features).
            field: The gate's features of it, (features,).
        """
        distance = max(self.squares.distance(squares), self.fields.distance(field[None]))
        shares = np.linspace(0, 1, len(self.quantiles))
        return round(float(np.interp(distance, self.quantiles, shares)), 4)


_KINDS = "squares", "fields"
_NAMES = "means", "whitening", "usual"


def whitening_of(features: Floats) -> Floats:
    """The matrix that transforms features to uncorrelated deviations; the covariance is shrunk towards its diagonal."""
    covariance = np.cov(features, rowvar=False)
    diagonal = np.diag(np.diag(covariance) + 1e-4)
    values, vectors = np.linalg.eigh((1 - _SHRINKAGE) * covariance + _SHRINKAGE * diagonal)
    return vectors / np.sqrt(np.maximum(values, 1e-6)) / np.sqrt(len(values))


def fit_training_tissue(
    squares: Sequence[Floats], fields: Floats, sources: Sequence[str], patients: Sequence[str], folds: int = 5
) -> TrainingTissue:
    """Fit the statistics on all fields, and the usual distances on patients who were left out.

    Args:
        squares: Statistics of each field's squares.
        fields: The gate's features of each field, (fields, features).
        sources: Source of each field.
        patients: Patient of each field.
        folds: Number of folds of patients.
    """
    source = np.array(sources)
    order = {p: i % folds for i, p in enumerate(sorted(set(patients)))}
    fold = np.array([order[p] for p in patients])
    near, away = _fit(squares, source, fold)
    whole, whole_away = _fit(fields[:, None], source, fold)
    distances = np.maximum(away, whole_away)
    # The same share of each source, so that no source is far as a whole.
    shares = np.linspace(0, 1, 201)
    quantiles = np.max(
        [np.quantile(distances[source == name], shares, method="weibull") for name in sorted(set(sources))], axis=0
    )
    return TrainingTissue(near, whole, quantiles)


def _fit(
    fields: Sequence[Floats] | Floats, source: NDArray[np.str_], fold: NDArray[np.integer]
) -> tuple[Sources, Floats]:
    """Statistics of all fields, and the distance of each field to those of the other folds.

    Args:
        fields: Features of each field, (rows, features) each.
        source: Source of each field.
        fold: Fold of each field's patient.
    """
    names = sorted(set(source.tolist()))
    every = np.concatenate(list(fields))
    owner = np.repeat(np.arange(len(fields)), [len(f) for f in fields])

    def statistics(chosen: NDArray[np.bool_], usual: Floats) -> Sources:
        parts = [every[(chosen & (source == name))[owner]] for name in names]
        return Sources(np.stack([p.mean(axis=0) for p in parts]), np.stack([whitening_of(p) for p in parts]), usual)

    held = [statistics(fold != k, np.ones(len(names))) for k in range(fold.max() + 1)]
    own = np.zeros(len(fields))
    for i, rows in enumerate(fields):
        place = names.index(str(source[i]))
        learned = held[fold[i]]
        own[i] = np.linalg.norm((rows - learned.means[place]) @ learned.whitening[place], axis=1).mean()
    usual = np.array([np.quantile(own[source == name], FAR) for name in names])
    away = [Sources(held[k].means, held[k].whitening, usual).distance(f) for k, f in zip(fold, fields, strict=True)]
    return statistics(np.ones(len(fields), bool), usual), np.array(away)
