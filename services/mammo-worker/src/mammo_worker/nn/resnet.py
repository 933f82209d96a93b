"""ResNet-50 and ResNet-101, as the report's detector has them (He et al., CVPR 2016; stride on the 3x3)."""

from pathlib import Path
from typing import Literal

import keras
import numpy as np

from mammo_worker.nn.backend import Tensor, layers
from mammo_worker.nn.batch_norm import BatchNorm

STAGES = {"resnet50": (3, 4, 6, 3), "resnet101": (3, 4, 23, 3)}
_EPSILON = 1e-5


def resnet(name: Literal["resnet50", "resnet101"], shape: tuple[int, int, int], frozen_stages: int = 0) -> keras.Model:
    """Build the backbone; layers are named as in torchvision (with `_` for `.`), so its weights load by name.

    Args:
        name: Which one.
        shape: Height, width, channels; values in [0, 1].
        frozen_stages: The stem and this many less one of the four stages are not trained (0: all are).

    Returns:
        Model giving C2, C3, C4, C5 at strides 4, 8, 16, 32 with 256, 512, 1024 and 2048 channels.
    """
    image = layers.Input(shape, name="image")
    x = layers.ZeroPadding2D(3)(image)
    x = layers.Conv2D(64, 7, 2, use_bias=False, name="conv1")(x)
    x = layers.ReLU()(_batch_norm(x, "bn1"))
    x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(x))
    ends: list[Tensor] = []
    for stage, blocks in enumerate(STAGES[name], start=1):
        for block in range(blocks):
            stride = 2 if block == 0 and stage > 1 else 1
            x = _bottleneck(x, 64 * 2 ** (stage - 1), stride, block == 0, f"layer{stage}_{block}")
        ends.append(x)
    model = keras.Model(image, ends, name=name)
    if frozen_stages:
        frozen = ("conv1", "bn1", *(f"layer{i}" for i in range(1, frozen_stages)))
        for layer in model.layers:
            layer.trainable = not layer.name.startswith(frozen)
    return model


def _batch_norm(x: Tensor, name: str) -> Tensor:
    return BatchNorm(epsilon=_EPSILON, name=name)(x)


def _bottleneck(x: Tensor, width: int, stride: int, project: bool, name: str) -> Tensor:
    y = layers.Conv2D(width, 1, use_bias=False, name=f"{name}_conv1")(x)
    y = layers.ReLU()(_batch_norm(y, f"{name}_bn1"))
    # With a stride, "same" pads the other side than torchvision does.
    padded, padding = (y, "same") if stride == 1 else (layers.ZeroPadding2D(1)(y), "valid")
    y = layers.Conv2D(width, 3, stride, padding, use_bias=False, name=f"{name}_conv2")(padded)
    y = layers.ReLU()(_batch_norm(y, f"{name}_bn2"))
    y = _batch_norm(layers.Conv2D(4 * width, 1, use_bias=False, name=f"{name}_conv3")(y), f"{name}_bn3")
    if project:
        x = layers.Conv2D(4 * width, 1, stride, use_bias=False, name=f"{name}_downsample_0")(x)
        x = _batch_norm(x, f"{name}_downsample_1")
    return layers.ReLU()(layers.Add()([x, y]))


_TORCH_NAMES = {
    "kernel": "weight",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


def load_torchvision(model: keras.Model, archive: Path) -> None:
    """Load an `.npz` with torchvision's names (`layer1.0.conv1.weight`) and kernels in Keras' order (HWIO).

    Every weight must be there.
    """
    with np.load(archive) as weights:
        for layer in model.layers:
            for variable in layer.weights:
                key = f"{layer.name.replace('_', '.')}.{_TORCH_NAMES[variable.name]}"
                variable.assign(weights[key].astype(np.float32))
