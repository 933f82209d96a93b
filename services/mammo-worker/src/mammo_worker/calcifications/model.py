"""The two models of the search, of spots and of clusters, fitted on crops without labels of single spots."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lobule_ml.calibration import logit
from mammo_worker.calcifications.clusters import Cluster, find_clusters
from mammo_worker.calcifications.spots import Spots

TREES = 70
_ROUNDS = 2  # of the fit; spots that resemble those of masses lose weight in the second one
_LEAST_WEIGHT = 0.02


@dataclass(frozen=True)
class ScoredCluster:
    """A cluster and its log odds of being calcifications, on the scale of the training crops."""

    cluster: Cluster
    score: float


class ClusterSearch:
    """Finds clusters among the spots of an image.

    A crop of calcifications contains at least some spots that are calcifications, one of a mass usually none. The spots
    therefore learn the kind of their crop, and clusters the kind of their crop from its best cluster.

    Args:
        spots: Spots of each crop.
        calcified: Mask (N,) of crops with calcifications.
        trees: Number of trees of the model of spots.

    Raises:
        ValueError: Only one kind of crops has crops or clusters.
    """

    def __init__(self, spots: Sequence[Spots], calcified: NDArray[np.bool_], trees: int = TREES) -> None:
        if len(np.unique(calcified)) < 2:
            raise ValueError("crops with and without calcifications are needed")
        table = np.concatenate([s.features for s in spots])
        of_calcified = np.repeat(calcified, [len(s.points) for s in spots])
        self._spots = HistGradientBoostingClassifier(
            max_iter=trees,
            learning_rate=0.12,
            max_leaf_nodes=16,
            min_samples_leaf=200,
            l2_regularization=5.0,
            random_state=0,
        )
        weights = np.ones(len(table))
        for _ in range(_ROUNDS):
            for own in (of_calcified, ~of_calcified):
                weights[own] *= len(table) / 2 / weights[own].sum()
            self._spots.fit(table, of_calcified, sample_weight=weights)
            probabilities = self._spots.predict_proba(table)[:, 1]
            weights = np.where(of_calcified, np.maximum(probabilities, _LEAST_WEIGHT), 1.0)
        found = [find_clusters(s, self.odds(s))[:1] for s in spots]
        best = [clusters[0].features for clusters in found if clusters]
        truth = [known for clusters, known in zip(found, calcified, strict=True) if clusters]
        if len(set(truth)) < 2:
            raise ValueError("crops of both kinds must contain clusters; use more crops")
        self._clusters = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced"))
        self._clusters.fit(np.stack(best), np.array(truth))

    def odds(self, spots: Spots) -> NDArray[np.float64]:
        """Log odds (N,) that spots are calcifications."""
        if len(spots.points) == 0:
            return np.zeros(0)
        return logit(self._spots.predict_proba(spots.features)[:, 1])

    def __call__(self, spots: Spots) -> list[ScoredCluster]:
        """Find the clusters of an image, best first."""
        clusters = find_clusters(spots, self.odds(spots))
        if not clusters:
            return []
        scores = self._clusters.decision_function(np.stack([c.features for c in clusters]))
        scored = [ScoredCluster(c, float(s)) for c, s in zip(clusters, scores, strict=True)]
        return sorted(scored, key=lambda s: -s.score)
