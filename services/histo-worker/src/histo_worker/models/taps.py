"""The feature maps that a head reads, by the names that packages and results give them."""

from collections.abc import Sequence
from pathlib import Path

import keras

from lobule_ml.backbones import build_backbone, load_pretrained

TAPS = {"block2_middle": "C3_middle", "block2": "C3", "block3": "C4", "top": "head"}
"""Name in `lobule_ml.backbones` of each tap. Written packages hold weights under the left names."""


def build_trunk(backbone: str, taps: Sequence[str]) -> keras.Model:
    """A backbone, randomly initialised, from pixels in 0..255 to a dictionary of the taps.

    Args:
        backbone: A key of `lobule_ml.backbones.BACKBONES`.
        taps: Keys of `TAPS`; `block2_middle` exists in DenseNet-121 alone.

    Raises:
        KeyError: The backbone or a tap is not known.
    """
    net = build_backbone(backbone, [TAPS[tap] for tap in taps])
    maps: dict[str, keras.KerasTensor] = net.output  # pyright: ignore[reportAssignmentType] - as it was built
    return keras.Model(net.input, {tap: maps[TAPS[tap]] for tap in taps}, name=backbone)


def pretrained_trunk(backbone: str, taps: Sequence[str], weights: Path) -> keras.Model:
    """The same with its pretrained weights; see `lobule_ml.backbones.load_pretrained`."""
    net = build_trunk(backbone, taps)
    load_pretrained(backbone, net, weights)
    return net
