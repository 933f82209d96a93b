"""Pretrained convolutional backbones behind one interface.

A backbone takes RGB as it lies in a file, float32 (batch, height, width, 3) from 0 to 255, scales it as its
pretraining did, and returns its feature maps by name (`TAPS`), so that a head may stand on any of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from keras import layers

from histo_worker.models.efficientnet_lite import efficientnet_lite0
from histo_worker.models.torch_resnet import resnet50, torch_key
from histo_worker.models.variables import set_variables


@dataclass(frozen=True)
class BackboneSpec:
    """How a backbone is built and where its pretrained weights lie.

    Attributes:
        build: Makes the network, randomly initialised; outputs a dict of feature maps.
        pretrained: File of the pretrained weights, relative to the folder of weights.
        licence: Licence of the pretrained weights, for the model card.
        key: From a variable's name to its key in the file.
    """

    build: Callable[[], keras.Model]
    pretrained: str
    licence: str
    key: Callable[[str], str] = str


def densenet121() -> keras.Model:
    """DenseNet-121 (Huang et al., CVPR 2017).

    Taps: `block2_middle` (stride 8, the 320 maps behind six of block 2's twelve layers, as they are concatenated), and,
    after batch norm and ReLU, `block2` (stride 8, 512 maps), `block3` (stride 16, 1024 maps) and `top` (stride 32,
    1024 maps).
    """
    pixels = keras.Input((None, None, 3), name="pixels")
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    # Written out as one affine layer: `preprocess_input` would put backend calls outside the saved graph.
    scaled = layers.Rescaling((1 / (255 * deviation)).tolist(), (-mean / deviation).tolist(), name="scale")(pixels)
    net = keras.applications.DenseNet121(
        include_top=False,
        weights=None,  # pyright: ignore[reportArgumentType] - the stub forgets that None is random weights
        input_tensor=scaled,
    )
    taps = {"block2_middle": "conv3_block6_concat", "block2": "pool3_relu", "block3": "pool4_relu", "top": "relu"}
    return keras.Model(pixels, {tap: net.get_layer(layer).output for tap, layer in taps.items()}, name="densenet121")


BACKBONES: dict[str, BackboneSpec] = {
    "densenet121": BackboneSpec(
        densenet121, "densenet121/densenet121_imagenet1k_notop.npz", "MIT; as distributed by keras.applications"
    ),
    "efficientnet_lite0": BackboneSpec(
        efficientnet_lite0, "efficientnet_lite0/efficientnet_lite0_imagenet1k.npz", "Apache-2.0"
    ),
    "resnet50": BackboneSpec(resnet50, "resnet50_ct/resnet50_ct_hwio.npz", "MIT (ImageNet, then CT)", torch_key),
}


def build_backbone(name: str, taps: Sequence[str]) -> keras.Model:
    """A backbone, randomly initialised, cut off behind the last of the feature maps that are asked for."""
    net = BACKBONES[name].build()
    outputs: dict[str, keras.KerasTensor] = net.output  # pyright: ignore[reportAssignmentType] - as it was built
    return keras.Model(net.input, {tap: outputs[tap] for tap in taps}, name=name)


def pretrained_backbone(name: str, taps: Sequence[str], weights: Path) -> keras.Model:
    """A backbone with its pretrained weights.

    Args:
        name: A key of `BACKBONES`.
        taps: The feature maps to return.
        weights: The folder of pretrained weights.

    Raises:
        FileNotFoundError: The weights are not there.
        KeyError: The archive lacks a variable of the network.
    """
    net = build_backbone(name, taps)
    with np.load(weights / BACKBONES[name].pretrained) as archive:
        set_variables(net, archive, BACKBONES[name].key)
    return net
