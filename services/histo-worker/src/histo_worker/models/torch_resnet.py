"""ResNet-50 in torchvision's layout, so that its openly licensed weights fit without conversion.

The stride of a bottleneck lies on its 3x3 convolution, padding is torch's (symmetric), batch norm has epsilon 1e-5.
"""

import keras
from keras import layers

_STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))


def resnet50() -> keras.Model:
    """The backbone without its classification layer (He et al., CVPR 2016).

    Taps: `block2` (stride 8, 512 maps), `block3` (stride 16, 1024 maps) and `top` (stride 32, 2048 maps).
    """
    pixels = keras.Input((None, None, 3), name="pixels")
    x = layers.Rescaling(1 / 255, name="scale")(pixels)
    x = _convolve(x, 64, 7, 2, "conv1", "bn1")
    x = layers.ReLU(name="relu")(x)
    # torch pads with minus infinity, behind ReLU the same as zeros
    x = layers.MaxPooling2D(3, 2, name="maxpool")(layers.ZeroPadding2D(1, name="maxpool_pad")(x))
    taps = {}
    for stage, (maps, blocks) in enumerate(_STAGES, 1):
        for block in range(blocks):
            x = _bottleneck(x, maps, 2 if stage > 1 and block == 0 else 1, f"layer{stage}_{block}", block == 0)
        taps[stage] = x
    return keras.Model(pixels, {"block2": taps[2], "block3": taps[3], "top": taps[4]}, name="resnet50")


def _convolve(x: keras.KerasTensor, maps: int, kernel: int, stride: int, name: str, norm: str) -> keras.KerasTensor:
    if kernel > 1:
        x = layers.ZeroPadding2D(kernel // 2, name=f"{name}_pad")(x)
    x = layers.Conv2D(maps, kernel, strides=stride, use_bias=False, name=name)(x)
    return layers.BatchNormalization(epsilon=1e-5, name=norm)(x)


def _bottleneck(x: keras.KerasTensor, maps: int, stride: int, name: str, widen: bool) -> keras.KerasTensor:
    y = layers.ReLU(name=f"{name}_relu1")(_convolve(x, maps, 1, 1, f"{name}_conv1", f"{name}_bn1"))
    y = layers.ReLU(name=f"{name}_relu2")(_convolve(y, maps, 3, stride, f"{name}_conv2", f"{name}_bn2"))
    y = _convolve(y, maps * 4, 1, 1, f"{name}_conv3", f"{name}_bn3")
    if widen:
        x = _convolve(x, maps * 4, 1, stride, f"{name}_downsample_0", f"{name}_downsample_1")
    return layers.ReLU(name=f"{name}_relu3")(layers.Add(name=f"{name}_add")([x, y]))


_FIELDS = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}


def torch_key(variable: str) -> str:
    """The key in torchvision's state of one of our variables: `layer1_0_conv1/kernel` is `layer1.0.conv1.weight`."""
    layer, field = variable.split("/")
    if field == "kernel":
        return layer.replace("_", ".") + ".weight"
    return layer.replace("_", ".") + "." + next(torch for torch, ours in _FIELDS.items() if ours == field)
