"""The feature maps that a head reads, by their names in packages and results."""

from collections.abc import Sequence
from pathlib import Path

import keras

from lobule_ml.backbones import build_backbone, load_pretrained

TAPS = {"block2_middle": "C3_middle", "block2": "C3", "block3": "C4", "top": "head"}
"""The name of each tap in `lobule_ml.backbones`. Existing packages contain weights under the keys."""


def build_trunk(backbone: str, taps: Sequence[str]) -> keras.Model:
    """Build a randomly initialised backbone from pixels from 0 to 255 to a dictionary of the taps.

    Args:
        backbone: A key of `lobule_ml.backbones.BACKBONES`.
        taps: Keys of `TAPS`; `block2_middle` exists only in DenseNet-121.

    Raises:
        KeyError: The backbone or a tap is unknown.
    """
    net = build_backbone(backbone, [TAPS[tap] for tap in taps])
    maps: dict[str, keras.KerasTensor] = net.output  # pyright: ignore[reportAssignmentType] - it was built with a dictionary of outputs
    return keras.Model(net.input, {tap: maps[TAPS[tap]] for tap in taps}, name=backbone)


def pretrained_trunk(backbone: str, taps: Sequence[str], weights: Path) -> keras.Model:
    """Build the same with pretrained weights; see `lobule_ml.backbones.load_pretrained`."""
    net = build_trunk(backbone, taps)
    load_pretrained(backbone, net, weights)
    return net
