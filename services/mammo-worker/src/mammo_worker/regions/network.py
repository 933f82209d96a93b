"""The region classifier: a frozen trunk pretrained on ImageNet, and a trained top."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import keras

from lobule_ml.backbones import build_backbone, load_pretrained
from lobule_ml.keras_types import Tensor, dtype_policy, layers, ops
from mammo_worker.regions.prepare import CHANNELS, SIZE_FEATURES
from mammo_worker.regions.targets import NAMES


@dataclass(frozen=True)
class RegionNetwork:
    """The architecture of the network.

    Attributes:
        backbone: A key of `lobule_ml.backbones.BACKBONES`.
        trunk_map: Last feature map of the trunk, which keeps its ImageNet weights.
        side: Side of the canvas in pixels.
        dropout: Dropout rate of the pooled features.
    """

    backbone: str = "efficientnet_lite0"
    trunk_map: Literal["C2", "C3", "C4"] = "C4"
    side: int = 224
    dropout: float = 0.3


class RegionModel:
    """The classifier in its two parts.

    Attributes:
        backbone: Both parts of the backbone.
        trunk: Network from canvases uint8 (B, side, side, 3) to a map. It is never trained, so that one pass over every
            augmented region is sufficient for the trainings of all folds.
        top: Network from maps and sizes (B, 2) to logits (B, len(NAMES)).
        whole: The combination of both.

    Args:
        network: Architecture of the network.
        precision: Keras dtype policy of the backbone.
    """

    def __init__(self, network: RegionNetwork, precision: str = "float32") -> None:
        shape = (network.side, network.side, CHANNELS)
        canvas = layers.Input(shape, name="canvas")
        size = layers.Input((SIZE_FEATURES,), name="size")
        with dtype_policy(precision):
            self.backbone = build_backbone(network.backbone, (network.trunk_map, "head"), shape)
            maps: Any = self.backbone.output
            middle = maps[network.trunk_map]
            lower = keras.Model(self.backbone.inputs, middle, name="lower")
            upper = keras.Model(middle, maps["head"], name="upper")
            lower.trainable = False
            self.trunk = keras.Model(canvas, lower(ops.cast(canvas, "float32")), name="trunk")
            features = layers.Input(middle.shape[1:], name="features")
            x = upper(features)
        x = layers.GlobalAveragePooling2D(dtype="float32", name="pooled")(x)
        x = layers.Dropout(network.dropout, seed=1, name="dropout")(layers.Concatenate()([x, size]))
        self.top = keras.Model([features, size], layers.Dense(len(NAMES), name="logits")(x), name="top")
        self.whole = keras.Model([canvas, size], self.top([self.trunk(canvas), size]), name="regions")

    def load_imagenet(self, network: RegionNetwork, weights: Path) -> None:
        """Load the backbone's ImageNet weights.

        Args:
            network: Architecture of the network.
            weights: Folder of the pretrained backbones.
        """
        load_pretrained(network.backbone, self.backbone, weights)


@keras.saving.register_keras_serializable("mammo_worker")
def weighted_cross_entropy(truth: Tensor, logits: Tensor) -> Tensor:
    """The sum over the targets of weight times binary cross entropy, (B,).

    Args:
        truth: Targets and weights (B, 2, N).
        logits: Logits (B, N).
    """
    targets, weights = truth[:, 0], truth[:, 1]
    each: Any = ops.maximum(logits, 0.0) - logits * targets + ops.softplus(-ops.abs(logits))
    return ops.sum(each * weights, axis=-1)
