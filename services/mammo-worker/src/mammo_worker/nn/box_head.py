"""The second stage's class and box head."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import keras

from lobule_ml.batch_norm import BatchNorm
from lobule_ml.keras_types import Tensor, layers, ops
from mammo_worker.nn import boxes as bx
from mammo_worker.nn.box_coder import DeltaCoder
from mammo_worker.nn.config import BoxHeadConfig
from mammo_worker.nn.losses import box_loss, class_loss
from mammo_worker.nn.roi import RoiPooler

CLASSES = ("background", "benign", "malignant")


def build_network(config: BoxHeadConfig, channels: int) -> keras.Model:
    """Build the class and box head for a pooled RoI: two dense layers, then two siblings (Girshick, "Fast R-CNN").

    Returns:
        Model from (`pool`, `pool`, `channels`) to class logits (3,) and box deltas (4,).
    """
    pooled = layers.Input((config.pool, config.pool, channels))
    x = layers.Dense(config.units, use_bias=False, name="box_fc1")(layers.Flatten()(pooled))
    x = layers.ReLU()(BatchNorm(name="box_fc1_bn")(x))
    x = layers.Dense(config.units, activation="relu", name="box_fc2")(x)
    logits = layers.Dense(len(CLASSES), name="box_class")(x)
    small = keras.initializers.RandomNormal(stddev=0.001)
    return keras.Model(
        pooled, [logits, layers.Dense(4, kernel_initializer=small, name="box_delta")(x)], name="box_head"
    )


@dataclass(frozen=True)
class BoxHead:
    """Predicts class and box of RoIs.

    Attributes:
        config: Configuration of the head.
        network: See `build_network`.
        pooler: Pools the features under the RoIs.
        canvas: Height and width of the canvas.
        coder: Coder of the box deltas.
    """

    config: BoxHeadConfig
    network: keras.Model
    pooler: RoiPooler
    canvas: tuple[int, int]
    coder: DeltaCoder = field(default_factory=DeltaCoder)

    @classmethod
    def build(cls, config: BoxHeadConfig, channels: int, pooler: RoiPooler, canvas: tuple[int, int]) -> "BoxHead":
        """Build a new head for a pyramid with this number of channels."""
        return cls(config, build_network(config, channels), pooler, canvas)

    def __call__(self, levels: Sequence[Tensor], rois: Tensor, training: bool = False) -> tuple[Tensor, Tensor]:
        """Predict class logits (B, R, 3) and box deltas (B, R, 4) of RoIs (B, R, 4)."""
        seen = bx.clip(bx.grow(rois, self.config.context), *self.canvas)
        logits, deltas = self.network(self.pooler(levels, seen, self.config.pool), training=training)
        count = int(rois.shape[1])
        return ops.reshape(logits, (-1, count, len(CLASSES))), ops.reshape(deltas, (-1, count, 4))

    def refined(self, rois: Tensor, deltas: Tensor) -> Tensor:
        """Apply deltas (B, R, 4) to RoIs (B, R, 4), and clip them to the canvas."""
        return bx.clip(self.coder.decode(deltas, rois), *self.canvas)

    def losses(self, logits: Tensor, deltas: Tensor, drawn: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Compute the losses of class and box.

        Args:
            logits: Class logits (B, R, 3).
            deltas: Box deltas (B, R, 4).
            drawn: The sample of `roi.RoiSampler`.
        """
        return (
            class_loss(logits, drawn["label"], drawn["weight"]),
            box_loss(self.config.loss, self.coder, deltas, drawn["rois"], drawn["truth"], drawn["positive"]),
        )
