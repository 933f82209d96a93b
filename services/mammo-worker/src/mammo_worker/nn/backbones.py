"""Backbones by name, each with the preprocessing that its pretrained weights expect."""

from pathlib import Path
from typing import Literal

import keras
import numpy as np

from mammo_worker.nn import densenet, efficientnet_lite, resnet
from mammo_worker.nn.backend import Tensor, ops

BackboneName = Literal["efficientnet_lite0", "densenet121", "resnet50", "resnet101"]
_DENSENET_ARCHIVE = Path("densenet121") / "densenet121_imagenet1k_notop.npz"
_LITE_ARCHIVE = Path("efficientnet_lite0") / "efficientnet_lite0_imagenet1k.npz"


def build_backbone(name: BackboneName, shape: tuple[int, int, int], frozen_blocks: int = 0) -> keras.Model:
    """Build a backbone giving C2 to C5 at strides 4, 8, 16 and 32."""
    if name == "efficientnet_lite0":
        return efficientnet_lite.efficientnet_lite0(shape, frozen_blocks)
    if name == "densenet121":
        return densenet.densenet121(shape, frozen_blocks)
    return resnet.resnet(name, shape, frozen_blocks)


def top_layers(name: BackboneName) -> tuple[str, ...]:
    """Prefixes of the layers that make C4 and C5."""
    if name == "efficientnet_lite0":
        return tuple(f"b{i}_" for i in range(5, 16))
    if name == "densenet121":
        return ("conv4_", "pool4_", "conv5_", "bn")
    return ("layer3_", "layer4_")


def load_pretrained(name: BackboneName, model: keras.Model, weights: Path) -> None:
    """Load pretrained weights.

    Args:
        name: Which backbone.
        model: What `build_backbone` gave.
        weights: The folder of pretrained weights (`efficientnet_lite0/...npz` inside it, say), or, for a ResNet, the
            `.npz` file of it.
    """
    if name == "efficientnet_lite0":
        efficientnet_lite.load_imagenet(model, weights / _LITE_ARCHIVE)
    elif name == "densenet121":
        densenet.load_imagenet(model, weights / _DENSENET_ARCHIVE)
    else:
        resnet.load_torchvision(model, weights)


def preprocess(name: BackboneName, canvas: Tensor, clahe: bool) -> Tensor:
    """Three channels at the backbone's scale from canvases (B, H, W, 2): grey and twice CLAHE, or grey alone."""
    canvas = ops.cast(canvas, "float32")
    grey, equalised = canvas[..., :1], canvas[..., 1:]
    second = equalised if clahe else grey
    image = ops.concatenate([grey, second, second], axis=-1)
    if name == "efficientnet_lite0":
        return (image - 127.0) / 128.0
    if name == "densenet121":
        mean, deviation = (np.array(v, np.float32) for v in (densenet.IMAGENET_MEAN, densenet.IMAGENET_DEVIATION))
        return (image / 255.0 - mean) / deviation
    return image / 255.0
