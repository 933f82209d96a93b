"""Clusters: several spots within a centimetre that look like calcifications."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mammo_worker.calcifications.images import SPACING
from mammo_worker.calcifications.spots import Spots

RADIUS = 5.0 / SPACING  # pixels; spots within 1 cm are one cluster
LEAST_SPOTS = 3
LEAST_ODDS = 0.5  # log odds of a spot from which it belongs to a cluster
FEATURES = 9
_MOST_SPOTS = 8  # number of spots whose odds are added


@dataclass(frozen=True)
class Cluster:
    """A cluster of spots.

    Attributes:
        centre: Centre x, y in pixels of the searched image.
        points: Positions (N, 2) of its spots.
        features: Features (FEATURES,): number, odds and arrangement of the spots.
    """

    centre: tuple[float, float]
    points: NDArray[np.float32]
    features: NDArray[np.float64]


def find_clusters(spots: Spots, odds: NDArray[np.floating]) -> list[Cluster]:
    """Group spots into clusters, those with the most likely spots first; each spot belongs to one cluster.

    Args:
        spots: Spots of an image.
        odds: Log odds (N,) that each spot is a calcification.
    """
    kept = odds > LEAST_ODDS
    points, odds = spots.points[kept], np.asarray(odds, np.float64)[kept]
    near = np.linalg.norm(points[:, None] - points[None], axis=-1) <= RADIUS
    left = np.ones(len(points), bool)
    found: list[Cluster] = []
    while left.sum() >= LEAST_SPOTS:
        sums = np.array([_sum(odds[near[i] & left]) if left[i] else 0.0 for i in range(len(points))])
        best = int(sums.argmax())
        if sums[best] <= 0:
            break
        own = near[best] & left
        x, y = np.average(points[own], axis=0, weights=odds[own])
        found.append(Cluster((float(x), float(y)), points[own], _features(points[own], odds[own])))
        left &= ~own
    return found


def _sum(odds: NDArray[np.float64]) -> float:
    return float(np.sort(odds)[-_MOST_SPOTS:].sum()) if len(odds) >= LEAST_SPOTS else 0.0


def _features(points: NDArray[np.float32], odds: NDArray[np.float64]) -> NDArray[np.float64]:
    counts = [np.log1p((odds > least).sum()) for least in (LEAST_ODDS, 1.0, 2.0)]
    falling = np.sort(odds)[::-1]
    likely = points[np.argsort(-odds, kind="stable")[:_MOST_SPOTS]].astype(np.float64)
    apart = np.linalg.norm(likely[:, None] - likely[None], axis=-1)
    np.fill_diagonal(apart, np.inf)
    wide, narrow = np.sqrt(np.maximum(np.linalg.eigvalsh(np.cov(likely.T))[::-1], 0.25))
    shape = [np.log(np.median(apart.min(axis=1)) + 1), np.log(wide / narrow), np.log(wide)]
    return np.array([*counts, _sum(odds), falling[0], falling[LEAST_SPOTS - 1], *shape])
