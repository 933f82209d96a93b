"""The tissue network: the first blocks of a pretrained backbone, with a head whose logit is the mean of a map."""

from pathlib import Path
from typing import Any

import keras

from histo_worker.models.heads import evidence_head
from lobule_ml.backbones import build_backbone, load_pretrained

SIDE = 64
"""Side of a patch in pixels."""
UM_PER_PIXEL = 3.0
"""Micrometres per pixel of patches; the coarsest source has 4."""
TAP = "C4"
"""The feature map that the head reads."""


def tissue_network(backbone: str = "efficientnet_lite0", weights: Path | None = None, frozen: int = 0) -> keras.Model:
    """Build the network, whose input is pixels from 0 to 255.

    Args:
        backbone: A key of `lobule_ml.backbones.BACKBONES`.
        weights: Folder of pretrained backbones to start from; None initialises at random.
        frozen: Number of the backbone's first stages that are not trained.

    Returns:
        A model with `evidence` (batch, rows, columns) and `logit` (batch,).
    """
    net = build_backbone(backbone, [TAP], (SIDE, SIDE, 3), frozen)
    if weights is not None:
        load_pretrained(backbone, net, weights)
    maps: dict[str, Any] = net.output  # pyright: ignore[reportAssignmentType] - it was built with a dictionary of outputs
    outputs = evidence_head({TAP: maps[TAP]})
    model = keras.Model(net.input, outputs, name="tissue")
    head = model.get_layer(f"evidence_{TAP}")
    # Otherwise its noise would overwhelm the pretrained features.
    head.set_weights([0 * weight for weight in head.get_weights()])
    return model
