"""Matches boxes with true boxes, and samples boxes for the losses."""

from dataclasses import dataclass
from typing import NamedTuple

import keras

from lobule_ml.keras_types import Tensor, ops
from mammo_worker.nn import boxes as bx
from mammo_worker.nn.config import MatcherConfig

MEASURES = {"iou": bx.pairwise_iou, "overlap_ratio": bx.pairwise_overlap_ratio}
_TIE = 1e-6
_LEAST = 1e-3  # least value for the best box of a true box


class Match(NamedTuple):
    """The result of a `Matcher`.

    Attributes:
        positive: Positive boxes, bool (B, N).
        negative: Negative boxes, bool (B, N); boxes that are neither are ignored by the losses.
        index: Index of the best true box of each, int (B, N).
    """

    positive: Tensor
    negative: Tensor
    index: Tensor


@dataclass(frozen=True)
class Matcher:
    """Decides which boxes are masses and which are background.

    Attributes:
        config: Measure and limits.
    """

    config: MatcherConfig

    def __call__(self, boxes: Tensor, truth: Tensor, labels: Tensor) -> Match:
        """Match boxes with true boxes.

        Args:
            boxes: Boxes (B, N, 4), or (1, N, 4) for the same boxes on every film.
            truth: True boxes (B, G, 4).
            labels: Labels, int (B, G), 0 for padding.
        """
        c = self.config
        table = MEASURES[c.measure](boxes, truth) * ops.expand_dims(ops.cast(labels > 0, "float32"), 1)
        best = ops.max(table, axis=-1)
        positive = best >= c.positive
        if c.best_of_each:
            best_of_each = ops.logical_and(table >= ops.max(table, axis=1, keepdims=True) - _TIE, table > _LEAST)
            positive = ops.logical_or(positive, ops.any(best_of_each, axis=-1))
        negative = ops.logical_and(best < c.negative, ops.logical_not(positive))
        return Match(positive, negative, ops.argmax(table, axis=-1))


@dataclass(frozen=True)
class Sampler:
    """Samples a fixed number of boxes with a largest share of positive ones.

    Attributes:
        count: Number of boxes.
        positive_share: Largest share of positives.
    """

    count: int
    positive_share: float

    @property
    def positive_slots(self) -> int:
        """Number of the first slots, which can be positive."""
        return max(1, round(self.count * self.positive_share))

    def __call__(self, positive: Tensor, negative: Tensor, seed: keras.random.SeedGenerator) -> tuple[Tensor, Tensor]:
        """Sample boxes.

        Args:
            positive: Positive boxes, bool (B, N).
            negative: Negative boxes, bool (B, N); boxes that are neither are never sampled.
            seed: Source of randomness.

        Returns:
            Indices (B, `count`), first the positive slots, and weights (B, `count`), 0 for an empty slot.
        """
        chance = keras.random.uniform(ops.shape(positive), seed=seed)
        drawn: list[tuple[Tensor, Tensor]] = []
        for mask, k in ((positive, self.positive_slots), (negative, self.count - self.positive_slots)):
            k = min(k, int(mask.shape[1]))
            drawn.append(ops.top_k(ops.where(mask, chance + 1.0, 0.0), k))
        index = ops.concatenate([drawn[0][1], drawn[1][1]], axis=1)
        rank = ops.concatenate([drawn[0][0], drawn[1][0]], axis=1)
        return index, ops.cast(rank > 0, "float32")
