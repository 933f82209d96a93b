"""Pretrained convolutional backbones behind one interface.

A backbone takes RGB, or three grey channels, float32 (batch, height, width, 3) from 0 to 255, scales it as its
pretraining did, and returns a dictionary of feature maps. To add one, write a module that adds a `BackboneSpec`
to `BACKBONES`.
"""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from lobule_ml.backbones.spec import BackboneSpec
from lobule_ml.keras_types import layers
from lobule_ml.registry import Registry
from lobule_ml.variables import set_variables

BACKBONES: Registry[BackboneSpec] = Registry("backbone", __name__)
PYRAMID = ("C2", "C3", "C4", "C5")
"""The feature maps at strides 4, 8, 16 and 32."""


def build_backbone(
    name: str,
    maps: Sequence[str] = PYRAMID,
    shape: tuple[int | None, int | None, int] = (None, None, 3),
    frozen_stages: int = 0,
) -> keras.Model:
    """Build a randomly initialised backbone, cut off behind the last of the requested feature maps.

    Args:
        name: A key of `BACKBONES`.
        maps: The feature maps to return.
        shape: Height, width (None for any) and channels.
        frozen_stages: How many of `BackboneSpec.stages`, from the first, are not trained.

    Raises:
        KeyError: The name or a feature map is unknown.
    """
    spec = BACKBONES[name]
    pixels = keras.Input(shape, name="pixels")
    # The scaling is in float32 under every dtype policy, because bfloat16 would round the pixels.
    scale = layers.Rescaling(list(spec.scale), list(spec.offset), dtype="float32", name="scale")
    found = spec.build(scale(pixels), maps)
    net = keras.Model(pixels, {name: found[name] for name in maps}, name=name)
    if frozen := spec.layers_of(slice(frozen_stages)):
        for layer in net.layers:
            layer.trainable = not layer.name.startswith(frozen)
    return net


def archive_of(name: str, weights: Path) -> Path:
    """The file of a backbone's pretrained weights.

    Args:
        name: A key of `BACKBONES`.
        weights: The folder of pretrained weights, or the backbone's archive itself.

    Raises:
        FileNotFoundError: It does not exist.
    """
    archive = weights / BACKBONES[name].archive if weights.is_dir() else weights
    if not archive.is_file():
        raise FileNotFoundError(f"{archive} does not exist; give the folder of the pretrained weights of {name}")
    return archive


def load_pretrained(name: str, net: keras.Model, weights: Path) -> None:
    """Load pretrained weights into a network that `build_backbone` returned.

    Args:
        name: A key of `BACKBONES`.
        net: The network, which is changed.
        weights: The folder of pretrained weights, or the backbone's archive itself.

    Raises:
        FileNotFoundError: The file of weights does not exist.
        KeyError: The archive lacks a variable of the network.
    """
    with np.load(archive_of(name, weights)) as archive:
        set_variables(net, archive, BACKBONES[name].key)
