"""EfficientNet-Lite0: EfficientNet-B0 without squeeze-and-excitation and with ReLU6 (Tan & Le, ICML 2019; Liu 2020)."""

import keras
from keras import layers

# (repeats, kernel, stride, expansion, channels) of each stage
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


def efficientnet_lite0() -> keras.Model:
    """The backbone without its classification layer.

    Taps: `block2` (stride 8, 40 maps), `block3` (stride 16, 112 maps) and `top` (stride 32, 1280 maps).
    """
    pixels = keras.Input((None, None, 3), name="pixels")
    x = layers.Rescaling(1 / 128, -127 / 128, name="scale")(pixels)
    x = _norm_relu6(layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False, name="stem")(x), "stem")
    taps, index = {}, 0
    for repeats, kernel, stride, expansion, channels in _STAGES:
        for repeat in range(repeats):
            x = _inverted_residual(x, f"b{index}", kernel, stride if repeat == 0 else 1, expansion, channels)
            index += 1
        taps[channels] = x
    x = _norm_relu6(layers.Conv2D(1280, 1, use_bias=False, name="head")(x), "head")
    return keras.Model(pixels, {"block2": taps[40], "block3": taps[112], "top": x}, name="efficientnet_lite0")


def _norm_relu6(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return layers.ReLU(6.0, name=f"{name}_relu")(layers.BatchNormalization(epsilon=1e-3, name=f"{name}_bn")(x))


def _inverted_residual(
    x: keras.KerasTensor, name: str, kernel: int, stride: int, expansion: int, channels: int
) -> keras.KerasTensor:
    y, entering = x, x.shape[-1]
    if expansion != 1:
        y = _norm_relu6(layers.Conv2D(entering * expansion, 1, use_bias=False, name=f"{name}_exp")(y), f"{name}_exp")
    depthwise = layers.DepthwiseConv2D(kernel, strides=stride, padding="same", use_bias=False, name=f"{name}_dw")
    y = _norm_relu6(depthwise(y), f"{name}_dw")
    y = layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_proj")(y)
    y = layers.BatchNormalization(epsilon=1e-3, name=f"{name}_proj_bn")(y)
    return layers.Add(name=f"{name}_add")([x, y]) if stride == 1 and entering == channels else y
