"""EfficientNet-Lite0: EfficientNet-B0 without squeeze-and-excitation and with ReLU6 (Tan & Le, ICML 2019; Liu 2020)."""

from collections.abc import Collection

import keras

from lobule_ml.backbones import BACKBONES
from lobule_ml.backbones.spec import BackboneSpec, Maps
from lobule_ml.batch_norm import BatchNorm
from lobule_ml.keras_types import Tensor, layers

# (repeats, kernel, stride, expansion, channels)
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_BLOCKS = sum(stage[0] for stage in STAGES)
_EPSILON = 1e-3


def efficientnet_lite0(pixels: keras.KerasTensor, _wanted: Collection[str] = ()) -> Maps:
    """Build the backbone without its classification layer.

    Args:
        pixels: (batch, height, width, 3), scaled as (x - 127) / 128.

    Returns:
        C2 to C5 with 24, 40, 112 and 320 channels, and `head` with 1280 channels at stride 32.
    """
    x = layers.ReLU(6.0)(_conv_bn(pixels, 32, 3, 2, "stem"))
    ends: dict[int, Tensor] = {}
    stride, index = 2, 0
    for repeats, kernel, block_stride, expansion, channels in STAGES:
        for repeat in range(repeats):
            step = block_stride if repeat == 0 else 1
            x = _inverted_residual(x, kernel, step, expansion, channels, f"b{index}")
            stride *= step
            ends[stride] = x
            index += 1
    head = layers.ReLU(6.0)(_conv_bn(x, 1280, 1, 1, "head"))
    return {"C2": ends[4], "C3": ends[8], "C4": ends[16], "C5": ends[32], "head": head}


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


EFFICIENTNET_LITE0 = BackboneSpec(
    build=efficientnet_lite0,
    scale=(1 / 128, 1 / 128, 1 / 128),
    offset=(-127 / 128, -127 / 128, -127 / 128),
    stages=(("stem", "b0_"), *((f"b{i}_",) for i in range(1, _BLOCKS))),
    coarse=5,
    archive="efficientnet_lite0/efficientnet_lite0_imagenet1k.npz",
    licence="Apache-2.0",
)
BACKBONES.add("efficientnet_lite0", EFFICIENTNET_LITE0)
