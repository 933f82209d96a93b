"""A cascade of random forests: each stage discards clear negatives, and the next one is trained on the others."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier

_TREES = 200
_NEGATIVES = 25_000  # largest sample for a forest, which scores the others as well
_LEAST_LEFT = 200  # least number of negatives for another stage
_LEAST_REJECTED = 0.1  # least share of the negatives that a stage must reject for another stage


@dataclass
class Cascade:
    """A cascade of random forests whose length is chosen on the data ("self-adaptive").

    Attributes:
        keep: Share of its lesions that each stage must pass.
        most: Largest number of stages.
        seed: Seed of the forests.
        stages: Forest and threshold of every stage; the last threshold is not used.
    """

    keep: float = 0.98
    most: int = 4
    seed: int = 0
    stages: list[tuple[RandomForestClassifier, float]] = field(
        default_factory=list[tuple[RandomForestClassifier, float]]
    )

    def fit(
        self,
        features: NDArray[np.float32],
        positive: NDArray[np.bool_],
        held: NDArray[np.float32],
        lesion: NDArray[np.int64],
    ) -> "Cascade":
        """Grow the cascade.

        Args:
            features: Features (N, F) of the training candidates.
            positive: Mask (N,) of the masses.
            held: Features (M, F) of candidates of other patients, on which the thresholds are set.
            lesion: Numbers (M,) of the candidates' masses, -1 for none. A mass passes with its best candidate.
        """
        self.stages = []
        chance = np.random.default_rng(self.seed)
        left = np.ones(len(features), bool)
        held_left = np.ones(len(held), bool)
        for number in range(self.most):
            rivals = np.flatnonzero(left & ~positive)
            drawn = chance.permutation(rivals)[:_NEGATIVES]
            sample = np.concatenate([np.flatnonzero(left & positive), drawn])
            forest = RandomForestClassifier(
                _TREES,
                min_samples_leaf=3,
                class_weight="balanced_subsample",
                oob_score=True,
                random_state=self.seed + number,
            ).fit(features[sample], positive[sample])
            scores = _positive(forest, features)
            # A forest's own training candidates are scored out of bag.
            scores[sample] = np.nan_to_num(np.asarray(forest.oob_decision_function_)[:, 1], nan=1.0)
            other = _positive(forest, held[held_left])
            threshold = passing_threshold(other, lesion[held_left], self.keep)
            self.stages.append((forest, threshold))
            held_left[held_left] = other >= threshold
            passed = left & ((scores >= threshold) | positive)
            remaining = int((passed & ~positive).sum())
            if remaining < _LEAST_LEFT or len(rivals) - remaining < _LEAST_REJECTED * len(rivals):
                break
            left = passed
        return self

    def score(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Scores (N,) from 0 to 1, ordered by the last stage that a candidate reached, then by that stage's score."""
        score = np.zeros(len(features))
        left = np.arange(len(features))
        for number, (forest, threshold) in enumerate(self.stages):
            if len(left) == 0:
                break
            scores = _positive(forest, features[left])
            score[left] = (number + scores) / len(self.stages)
            left = left[scores >= threshold]
        return score


def _positive(forest: RandomForestClassifier, features: NDArray[np.float32]) -> NDArray[np.float64]:
    """The probability of a mass for each candidate, (N,)."""
    return np.asarray(forest.predict_proba(features))[:, 1]


def passing_threshold(score: NDArray[np.floating], lesion: NDArray[np.int64], keep: float) -> float:
    """The highest threshold that a share `keep` of the lesions passes, each with its best candidate."""
    known = np.unique(lesion[lesion >= 0])
    if len(known) == 0:
        return 0.0
    best = np.sort([float(score[lesion == number].max()) for number in known])
    return float(best[int(np.floor((1.0 - keep) * len(best)))])


def suppress(boxes: NDArray[np.floating], scores: NDArray[np.floating], most: int, overlap: float = 0.3) -> list[int]:
    """Greedily suppress duplicates of a region that was found at several scales.

    Args:
        boxes: Boxes (N, 4).
        scores: Scores (N,).
        most: Largest number of remaining regions.
        overlap: Shared part of the smaller of two boxes from which the worse one is dropped.

    Returns:
        Indices of the remaining regions, best first.
    """
    kept: list[int] = []
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    for i in np.argsort(-scores, kind="stable"):
        if len(kept) == most:
            break
        side = np.minimum(boxes[i, 2:], boxes[kept, 2:]) - np.maximum(boxes[i, :2], boxes[kept, :2])
        shared = np.prod(np.maximum(side, 0), axis=1)
        if not kept or bool((shared < overlap * np.minimum(area[i], area[kept])).all()):
            kept.append(int(i))
    return kept
