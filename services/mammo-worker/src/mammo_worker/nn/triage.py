"""The triage head, which predicts a film's malignancy from its instances (cells)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras

from lobule_ml.keras_types import Tensor, layers, ops
from mammo_worker.nn.config import MilLoss, TriageConfig
from mammo_worker.nn.fpn import conv_bn_relu
from mammo_worker.nn.losses import binary_cross_entropy, weighted_mean

MIL_STRIDE = 16
_UNITS = 64
_RARE = -3.0  # logit before training, because most instances are not malignant


def max_pooling(flat: Tensor, labels: Tensor, config: TriageConfig) -> Tensor:
    """Loss (B,) of logits (B, N) with a film as malignant as its most malignant instance (the thesis' eq. 1)."""
    del config
    return binary_cross_entropy(ops.max(flat, axis=-1), labels)


def label_assignment(flat: Tensor, labels: Tensor, config: TriageConfig) -> Tensor:
    """Loss in which the `top` most malignant instances have the film's label, and all others are negative (eq. 2)."""
    ranked, _ = ops.top_k(flat, int(flat.shape[1]))
    assigned = ops.cast(ops.arange(int(flat.shape[1])) < config.top, "float32") * ops.expand_dims(labels, -1)
    return ops.mean(binary_cross_entropy(ranked, assigned), axis=-1)


def sparse(flat: Tensor, labels: Tensor, config: TriageConfig) -> Tensor:
    """Loss of max pooling with a penalty on malignant instances (eq. 3)."""
    return max_pooling(flat, labels, config) + config.sparsity * ops.sum(ops.sigmoid(flat), axis=-1)


LOSSES: dict[MilLoss, Callable[[Tensor, Tensor, TriageConfig], Tensor]] = {
    "max_pooling": max_pooling,
    "label_assignment": label_assignment,
    "sparse": sparse,
}


def build_network(channels: int) -> keras.Model:
    """Build the head for every instance of a level: the thesis' section 2.4 on a pyramid instead of AlexNet.

    Returns:
        Model from (H, W, `channels`) to logits (H, W).
    """
    level = layers.Input((None, None, channels))
    x = conv_bn_relu(level, _UNITS, "mil_conv")
    rare = keras.initializers.Constant(_RARE)
    x = layers.Conv2D(1, 1, bias_initializer=rare, name="mil_logit")(x)
    return keras.Model(level, layers.Lambda(_drop_last, name="mil_map")(x), name="mil_head")


@keras.saving.register_keras_serializable("mammo_worker")
def _drop_last(x: Tensor) -> Tensor:
    return ops.squeeze(x, -1)


@dataclass(frozen=True)
class TriageHead:
    """Multi-instance learning on whole films.

    Attributes:
        config: Configuration of the loss.
        network: See `build_network`.
        level: Index of the level at `MIL_STRIDE`.
    """

    config: TriageConfig
    network: keras.Model
    level: int

    @classmethod
    def build(cls, config: TriageConfig, strides: Sequence[int], channels: int) -> "TriageHead":
        """Build a new head for a pyramid.

        Raises:
            ValueError: The pyramid has no level at `MIL_STRIDE`.
        """
        return cls(config, build_network(channels), list(strides).index(MIL_STRIDE))

    def __call__(self, levels: Sequence[Tensor], training: bool = False) -> Tensor:
        """Predict logits (B, H / 16, W / 16) of every instance's malignancy."""
        return self.network(levels[self.level], training=training)

    def loss(self, logits: Tensor, malignant: Tensor) -> Tensor:
        """Mean loss of the films with a known label.

        Args:
            logits: Logits (B, H, W).
            malignant: Labels (B,), 1, 0, or -1 for unknown.
        """
        flat = ops.reshape(logits, (ops.shape(logits)[0], -1))
        each = LOSSES[self.config.loss](flat, ops.cast(malignant, "float32"), self.config)
        return weighted_mean(each, ops.cast(malignant >= 0, "float32"))
