"""EfficientNet-Lite0: the light backbone for CPUs.

Tan and Le, "EfficientNet" (ICML 2019), in its Lite form: no squeeze-and-excitation, ReLU6, fixed stem and head.
"""

from pathlib import Path

import keras
import numpy as np

from mammo_worker.nn.backend import Tensor, layers
from mammo_worker.nn.batch_norm import BatchNorm

# (repeats, kernel, stride, expansion, channels)
BLOCKS = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_EPSILON = 1e-3


def efficientnet_lite0(input_shape: tuple[int | None, int | None, int], frozen_blocks: int = 0) -> keras.Model:
    """Build the backbone without its classification head.

    Args:
        input_shape: Height, width (either None for any) and channels; values as (x - 127) / 128.
        frozen_blocks: The stem and this many of the 16 blocks are not trained (0: all are, the stem too).

    Returns:
        Model giving C2, C3, C4, C5 at strides 4, 8, 16, 32 with 24, 40, 112 and 320 channels.
    """
    image = layers.Input(input_shape, name="image")
    x = _conv_bn(image, 32, 3, 2, "stem")
    x = layers.ReLU(6.0)(x)
    ends: dict[int, Tensor] = {}
    stride, index = 2, 0
    for repeats, kernel, block_stride, expansion, channels in BLOCKS:
        for repeat in range(repeats):
            step = block_stride if repeat == 0 else 1
            x = _inverted_residual(x, kernel, step, expansion, channels, f"b{index}")
            stride *= step
            ends[stride] = x
            index += 1
    model = keras.Model(image, [ends[s] for s in (4, 8, 16, 32)], name="efficientnet_lite0")
    if frozen_blocks:
        frozen = ("stem", *(f"b{i}_" for i in range(frozen_blocks)))
        for layer in model.layers:
            if layer.name.startswith(frozen):
                layer.trainable = False
    return model


def _conv_bn(x: Tensor, filters: int, kernel: int, stride: int, name: str) -> Tensor:
    x = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False, name=name)(x)
    return BatchNorm(epsilon=_EPSILON, name=f"{name}_bn")(x)


def _inverted_residual(x: Tensor, kernel: int, stride: int, expansion: int, channels: int, name: str) -> Tensor:
    shortcut, y = x, x
    if expansion > 1:
        y = layers.ReLU(6.0)(_conv_bn(y, int(x.shape[-1]) * expansion, 1, 1, f"{name}_exp"))
    y = layers.DepthwiseConv2D(kernel, stride, padding="same", use_bias=False, name=f"{name}_dw")(y)
    y = layers.ReLU(6.0)(BatchNorm(epsilon=_EPSILON, name=f"{name}_dw_bn")(y))
    y = _conv_bn(y, channels, 1, 1, f"{name}_proj")
    if stride == 1 and shortcut.shape[-1] == channels:
        y = layers.Add(name=f"{name}_add")([shortcut, y])
    return y


def load_imagenet(model: keras.Model, archive: Path) -> None:
    """Load `efficientnet_lite0_imagenet1k.npz` (keys `layer/variable`) into a backbone; every weight must be there."""
    with np.load(archive) as weights:
        for layer in model.layers:
            for variable in layer.weights:
                variable.assign(weights[f"{layer.name}/{variable.name}"].astype(np.float32))
