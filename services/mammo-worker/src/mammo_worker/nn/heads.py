"""The second stage's heads and the triage head."""

import keras

from lobule_ml.batch_norm import BatchNorm
from lobule_ml.keras_types import Tensor, layers, ops
from mammo_worker.nn.fpn import conv_bn_relu

CLASSES = ("background", "benign", "malignant")


def build_box_head(pool: int, channels: int, units: int) -> keras.Model:
    """Class and box of a pooled RoI: two dense layers, then two siblings (Girshick, "Fast R-CNN").

    Returns:
        Model from (`pool`, `pool`, `channels`) to class logits (3,) and box deltas (4,).
    """
    pooled = layers.Input((pool, pool, channels))
    x = layers.Dense(units, use_bias=False, name="box_fc1")(layers.Flatten()(pooled))
    x = layers.ReLU()(BatchNorm(name="box_fc1_bn")(x))
    x = layers.Dense(units, activation="relu", name="box_fc2")(x)
    logits = layers.Dense(len(CLASSES), name="box_class")(x)
    small = keras.initializers.RandomNormal(stddev=0.001)
    return keras.Model(
        pooled, [logits, layers.Dense(4, kernel_initializer=small, name="box_delta")(x)], name="box_head"
    )


def build_mask_head(pool: int, channels: int, convs: int, width: int) -> keras.Model:
    """Mask of a pooled RoI at twice its resolution; class-agnostic, since benign and malignant have one kind of mask.

    Returns:
        Model from (`pool`, `pool`, `channels`) to logits (2 * `pool`, 2 * `pool`).
    """
    pooled = layers.Input((pool, pool, channels))
    x = pooled
    for i in range(convs):
        x = conv_bn_relu(x, width, f"mask_conv{i}")
    x = layers.Conv2DTranspose(width, 2, 2, activation="relu", name="mask_up")(x)
    x = layers.Reshape((2 * pool, 2 * pool))(layers.Conv2D(1, 1, name="mask_logit")(x))
    return keras.Model(pooled, x, name="mask_head")


def build_mil_head(channels: int) -> keras.Model:
    """Malignancy of every instance (cell) of a level: the report's section 2.4 on a pyramid in place of AlexNet.

    Returns:
        Model from (H, W, `channels`) to logits (H, W).
    """
    level = layers.Input((None, None, channels))
    x = conv_bn_relu(level, 64, "mil_conv")
    rare = keras.initializers.Constant(-3.0)
    x = layers.Conv2D(1, 1, bias_initializer=rare, name="mil_logit")(x)
    return keras.Model(level, layers.Lambda(_drop_last, name="mil_map")(x), name="mil_head")


@keras.saving.register_keras_serializable("mammo_worker")
def _drop_last(x: Tensor) -> Tensor:
    return ops.squeeze(x, -1)
