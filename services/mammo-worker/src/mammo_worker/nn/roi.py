"""Regions of interest: sampling for the second stage's training, and pooling of their features."""

from collections.abc import Sequence
from dataclasses import dataclass

import keras

from lobule_ml.keras_types import Tensor, ops
from mammo_worker.nn import boxes as bx
from mammo_worker.nn.config import RoiConfig
from mammo_worker.nn.matcher import Matcher, Sampler
from mammo_worker.nn.roi_align import roi_align

_COARSEST = 32  # stride; coarser levels are used only for proposals
_LEAST_AREA = 1.0  # area of a proposal in pixels; padding has none


@dataclass(frozen=True)
class RoiPooler:
    """Pools features from the levels of a pyramid by RoIAlign.

    Attributes:
        strides: Strides of all levels.
        sampling: Number of samples per bin and axis.
    """

    strides: Sequence[int]
    sampling: int

    def __call__(self, levels: Sequence[Tensor], rois: Tensor, size: int) -> Tensor:
        """Pool features (B * R, `size`, `size`, C) under RoIs (B, R, 4)."""
        strides = tuple(s for s in self.strides if s <= _COARSEST)
        pooled = roi_align(levels[: len(strides)], strides, rois, size, self.sampling)
        return ops.reshape(pooled, (-1, size, size, int(levels[0].shape[-1])))


@dataclass(frozen=True)
class RoiSampler:
    """Samples RoIs for the losses of the second stage from proposals and the true boxes.

    Attributes:
        config: Matcher, number and share of positives.
    """

    config: RoiConfig

    @property
    def draw(self) -> Sampler:
        """The sampler of the RoIs, which puts positive ones into the first slots."""
        return Sampler(self.config.samples, self.config.positive_share)

    def __call__(
        self, proposals: Tensor, truth: Tensor, labels: Tensor, seed: keras.random.SeedGenerator
    ) -> dict[str, Tensor]:
        """Sample RoIs.

        Args:
            proposals: Proposals (B, N, 4), all zero for padding.
            truth: True boxes (B, G, 4).
            labels: Labels, int (B, G), 0 for padding.
            seed: Source of randomness.

        Returns:
            `rois` (B, R, 4), `label` int (B, R) with 0 for background, `truth` (B, R, 4), `weight` (B, R), `positive`
            (B, R).
        """
        candidates = ops.concatenate([truth, proposals], axis=1)
        match = Matcher(self.config.matcher)(candidates, truth, labels)
        real = bx.area(candidates) > _LEAST_AREA
        positive = ops.logical_and(match.positive, real)
        negative = ops.logical_and(match.negative, real)
        chosen, weight = self.draw(positive, negative, seed)
        rois = bx.take_rows(candidates, chosen)
        is_positive = ops.cast(bx.take_rows(ops.cast(positive, "int32"), chosen), "float32") * weight
        of = bx.take_rows(match.index, chosen)
        label = bx.take_rows(labels, of) * ops.cast(is_positive, "int32")
        return {
            "rois": ops.stop_gradient(rois),
            "label": label,
            "truth": bx.take_rows(truth, of),
            "weight": weight,
            "positive": is_positive,
        }
