"""The second stage's mask head, trained with hand-drawn masks or with boxes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras

from lobule_ml.keras_types import Tensor, layers, ops
from mammo_worker.nn.config import MaskHeadConfig, MaskSupervision
from mammo_worker.nn.fpn import conv_bn_relu
from mammo_worker.nn.losses import box_projection_loss, mask_loss
from mammo_worker.nn.roi import RoiPooler
from mammo_worker.nn.roi_align import roi_align

MASK_STRIDE = 4  # stride of a film's true masks


def build_network(config: MaskHeadConfig, channels: int) -> keras.Model:
    """Build the head for the mask of a pooled RoI, at twice its resolution and class-agnostic.

    Returns:
        Model from (`pool`, `pool`, `channels`) to logits (2 * `pool`, 2 * `pool`).
    """
    pooled = layers.Input((config.pool, config.pool, channels))
    x = pooled
    for i in range(config.convs):
        x = conv_bn_relu(x, config.channels, f"mask_conv{i}")
    x = layers.Conv2DTranspose(config.channels, 2, 2, activation="relu", name="mask_up")(x)
    x = layers.Reshape((config.side, config.side))(layers.Conv2D(1, 1, name="mask_logit")(x))
    return keras.Model(pooled, x, name="mask_head")


@dataclass(frozen=True)
class MaskHead:
    """Predicts masks of RoIs, trained only on films with masks.

    Attributes:
        config: Configuration of the head.
        network: See `build_network`.
        pooler: Pools the features under the RoIs.
    """

    config: MaskHeadConfig
    network: keras.Model
    pooler: RoiPooler

    @property
    def is_trained(self) -> bool:
        """Whether the head has a loss."""
        return self.config.supervision != "none"

    def __call__(self, levels: Sequence[Tensor], rois: Tensor, training: bool = False) -> Tensor:
        """Predict mask logits (B, R, side, side) of RoIs (B, R, 4)."""
        masks = self.network(self.pooler(levels, rois, self.config.pool), training=training)
        return ops.reshape(masks, (-1, int(rois.shape[1]), self.config.side, self.config.side))

    def loss(self, logits: Tensor, rois: Tensor, truth: Tensor, positive: Tensor, films: dict[str, Any]) -> Tensor:
        """Mean binary cross entropy of the positive RoIs of films with masks.

        Args:
            logits: Mask logits (B, R, side, side).
            rois: RoIs (B, R, 4).
            truth: True boxes (B, R, 4) of the RoIs.
            positive: Mask (B, R) of positive RoIs.
            films: `mask` (B, H / 4, W / 4, 1), the union of a film's masks; `has_mask` (B,).
        """
        inside = inside_truth(rois, truth, self.config.side)
        film_masks = ops.cast(films["mask"], "float32")
        target = roi_align([film_masks], (MASK_STRIDE,), rois, self.config.side, 1)[..., 0] * inside
        return mask_loss(logits, ops.cast(target > 0.5, "float32"), positive * _has_mask(films))


class WeakMaskHead(MaskHead):
    """Predicts masks of RoIs, trained on the boxes of films without masks as well."""

    def loss(self, logits: Tensor, rois: Tensor, truth: Tensor, positive: Tensor, films: dict[str, Any]) -> Tensor:
        """The loss of `MaskHead`, plus box projection on films without masks."""
        full = super().loss(logits, rois, truth, positive, films)
        inside = inside_truth(rois, truth, self.config.side)
        return full + box_projection_loss(logits, inside, positive * (1.0 - _has_mask(films)))


HEADS: dict[MaskSupervision, type[MaskHead]] = {"full": MaskHead, "weak": WeakMaskHead, "none": MaskHead}


def build_mask_head(config: MaskHeadConfig, channels: int, pooler: RoiPooler) -> MaskHead:
    """Build a new mask head for a pyramid with this number of channels."""
    head = HEADS[config.supervision](config, build_network(config, channels), pooler)
    head.network.trainable = head.is_trained
    return head


def inside_truth(boxes: Tensor, truth: Tensor, side: int) -> Tensor:
    """Grid (B, R, side, side) over each box (B, R, 4), 1 where a bin's centre is in the true box (B, R, 4)."""
    steps = (ops.arange(side, dtype="float32") + 0.5) / side
    x = ops.expand_dims(boxes[..., 0], -1) + steps * ops.expand_dims(boxes[..., 2] - boxes[..., 0], -1)
    y = ops.expand_dims(boxes[..., 1], -1) + steps * ops.expand_dims(boxes[..., 3] - boxes[..., 1], -1)
    in_x = ops.logical_and(x >= ops.expand_dims(truth[..., 0], -1), x <= ops.expand_dims(truth[..., 2], -1))
    in_y = ops.logical_and(y >= ops.expand_dims(truth[..., 1], -1), y <= ops.expand_dims(truth[..., 3], -1))
    return ops.cast(ops.logical_and(ops.expand_dims(in_y, -1), ops.expand_dims(in_x, -2)), "float32")


def _has_mask(films: dict[str, Any]) -> Tensor:
    return ops.expand_dims(ops.cast(films["has_mask"], "float32"), -1)
