"""The thesis' first stage: a region proposal network over anchors (Ren et al., "Faster R-CNN")."""

from collections.abc import Sequence
from typing import ClassVar, Self

import keras

from lobule_ml.keras_types import Tensor, layers, ops
from mammo_worker.nn import boxes as bx
from mammo_worker.nn.anchors import AnchorGenerator
from mammo_worker.nn.box_coder import DeltaCoder
from mammo_worker.nn.config import AnchorStageConfig
from mammo_worker.nn.losses import binary_cross_entropy, box_loss, weighted_mean
from mammo_worker.nn.matcher import Matcher, Sampler
from mammo_worker.nn.proposals import FirstStage, ProposalStage, logits_and_boxes

_POSITIVE_SHARE = 0.5  # largest share of the anchors in the loss


def build_network(channels: int, ratios: int) -> keras.Model:
    """Build the RPN's head, shared by all levels: one 3x3 convolution, then two 1x1 ones (the thesis' section 3.4.1).

    Returns:
        Model from a level (H, W, `channels`) to logits (H * W * ratios,) and deltas (H * W * ratios, 4).
    """
    level = layers.Input((None, None, channels))
    x = layers.Conv2D(max(channels, 128) * 2, 3, padding="same", activation="relu", name="rpn_conv")(level)
    logits = layers.Conv2D(ratios, 1, name="rpn_logit")(x)
    return logits_and_boxes(level, logits, layers.Conv2D(ratios * 4, 1, name="rpn_delta")(x), "anchor_rpn")


class AnchorStage(ProposalStage):
    """Predicts objectness and deltas of every anchor of every level.

    Args:
        config: Anchors, matcher, loss and selection.
        canvas: Height and width of the canvas.
        strides: Strides of the pyramid's levels.
        channels: Channels of the pyramid.

    Attributes:
        anchors: Anchors, float32 (N, 4).
    """

    in_half_precision: ClassVar[bool] = True

    def __init__(
        self, config: AnchorStageConfig, canvas: tuple[int, int], strides: Sequence[int], channels: int
    ) -> None:
        super().__init__(build_network(channels, len(config.ratios)), canvas, config.selection)
        self.config = config
        self.generator = AnchorGenerator(strides, config.scales, config.ratios)
        self.anchors = self.generator(canvas)
        self.matcher = Matcher(config.matcher)
        self.sampler = Sampler(config.samples, _POSITIVE_SHARE)
        self.coder = DeltaCoder()

    def at_canvas(self, canvas: tuple[int, int]) -> Self:
        """The same stage for a canvas of another height and width."""
        other = super().at_canvas(canvas)
        other.anchors = self.generator(canvas)
        return other

    def __call__(self, levels: Sequence[Tensor], training: bool = False) -> FirstStage:
        """Predict on the levels (B, H / s, W / s, C) of a pyramid."""
        outputs = [self.network(level, training=training) for level in levels]
        logits = ops.concatenate([o[0] for o in outputs], axis=1)
        deltas = ops.concatenate([o[1] for o in outputs], axis=1)
        return FirstStage(logits, deltas, self.coder.decode(deltas, ops.convert_to_tensor(self.anchors)))

    def losses(
        self, outputs: FirstStage, truth: Tensor, labels: Tensor, seed: keras.random.SeedGenerator
    ) -> tuple[Tensor, Tensor]:
        """Cross entropy and box loss of sampled anchors."""
        anchors = ops.convert_to_tensor(self.anchors)
        match = self.matcher(ops.expand_dims(anchors, 0), truth, labels)
        chosen, weight = self.sampler(match.positive, match.negative, seed)
        is_positive = bx.take_rows(ops.cast(match.positive, "float32"), chosen) * weight
        each = binary_cross_entropy(bx.take_rows(outputs.logits, chosen), is_positive)
        own = bx.take_rows(bx.take_rows(truth, match.index), chosen)
        moved, deltas = ops.take(anchors, chosen, axis=0), bx.take_rows(outputs.raw, chosen)
        return weighted_mean(each, weight), box_loss(self.config.box_loss, self.coder, deltas, moved, own, is_positive)

    def score(self, mass: Tensor, objectness: Tensor) -> Tensor:
        """The second stage's probability, because this objectness is only a ranking of anchors."""
        return mass * ops.cast(objectness > 0, "float32")
