"""ResNet-50 and ResNet-101 in torchvision's layout (He et al., CVPR 2016).

The 3x3 convolution of a bottleneck has its stride, padding is symmetric, and batch norm has epsilon 1e-5. Layers
are named as in torchvision with `_` for `.`, so that openly licensed weights load by name.
"""

from collections.abc import Collection
from functools import partial

import keras

from lobule_ml.backbones import BACKBONES
from lobule_ml.backbones.spec import BackboneSpec, Maps
from lobule_ml.batch_norm import BatchNorm
from lobule_ml.keras_types import Tensor, layers

_EPSILON = 1e-5


def resnet(pixels: keras.KerasTensor, _wanted: Collection[str], blocks: tuple[int, int, int, int]) -> Maps:
    """Build the backbone without its classification layer.

    Args:
        pixels: (batch, height, width, 3), in [0, 1].
        blocks: Numbers of bottlenecks in the four stages.

    Returns:
        C2 to C5 with 256, 512, 1024 and 2048 channels, and `head`, which is C5.
    """
    x = layers.ZeroPadding2D(3)(pixels)
    x = layers.Conv2D(64, 7, 2, use_bias=False, name="conv1")(x)
    x = layers.ReLU()(_batch_norm(x, "bn1"))
    # torchvision pads with minus infinity; after a ReLU, zeros give the same result
    x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(x))
    maps: Maps = {}
    for stage, count in enumerate(blocks, start=1):
        for block in range(count):
            stride = 2 if block == 0 and stage > 1 else 1
            x = _bottleneck(x, 64 * 2 ** (stage - 1), stride, block == 0, f"layer{stage}_{block}")
        maps[f"C{stage + 1}"] = x
    return maps | {"head": x}


def _batch_norm(x: Tensor, name: str) -> Tensor:
    return BatchNorm(epsilon=_EPSILON, name=name)(x)


def _bottleneck(x: Tensor, width: int, stride: int, project: bool, name: str) -> Tensor:
    y = layers.Conv2D(width, 1, use_bias=False, name=f"{name}_conv1")(x)
    y = layers.ReLU()(_batch_norm(y, f"{name}_bn1"))
    # With a stride, "same" pads on the other side than torchvision.
    padded, padding = (y, "same") if stride == 1 else (layers.ZeroPadding2D(1)(y), "valid")
    y = layers.Conv2D(width, 3, stride, padding, use_bias=False, name=f"{name}_conv2")(padded)
    y = layers.ReLU()(_batch_norm(y, f"{name}_bn2"))
    y = _batch_norm(layers.Conv2D(4 * width, 1, use_bias=False, name=f"{name}_conv3")(y), f"{name}_bn3")
    if project:
        x = layers.Conv2D(4 * width, 1, stride, use_bias=False, name=f"{name}_downsample_0")(x)
        x = _batch_norm(x, f"{name}_downsample_1")
    return layers.ReLU()(layers.Add()([x, y]))


_TORCH_FIELDS = {
    "kernel": "weight",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


def torch_key(variable: str) -> str:
    """The key of one of our variables in torchvision's state: `layer1.0.conv1.weight` for `layer1_0_conv1/kernel`."""
    layer, field = variable.split("/")
    return f"{layer.replace('_', '.')}.{_TORCH_FIELDS[field]}"


def _spec(blocks: tuple[int, int, int, int], archive: str) -> BackboneSpec:
    return BackboneSpec(
        build=partial(resnet, blocks=blocks),
        scale=(1 / 255, 1 / 255, 1 / 255),
        offset=(0.0, 0.0, 0.0),
        stages=(("conv1", "bn1"), ("layer1_",), ("layer2_",), ("layer3_",), ("layer4_",)),
        coarse=3,
        archive=archive,
        licence="MIT (ImageNet, then CT)",
        key=torch_key,
    )


RESNET50 = _spec((3, 4, 6, 3), "resnet50_ct/resnet50_ct_hwio.npz")
RESNET101 = _spec((3, 4, 23, 3), "resnet101_ct/resnet101_ct_hwio.npz")
BACKBONES.add("resnet50", RESNET50)
BACKBONES.add("resnet101", RESNET101)
