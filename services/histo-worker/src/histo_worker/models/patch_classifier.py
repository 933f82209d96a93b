"""A patch classifier whose logit is the mean of its class activation map.

The head is linear on globally averaged features, so averaging and weighting can be swapped: weighting the feature maps
first gives a map of evidence whose mean is the logit. This is the report's location prediction (6.1.4: last filters times last
feature maps; Zhou et al., CVPR 2016) as the network's own output, exact and free of cost.
"""

from collections.abc import Sequence

import keras
from keras import layers

from histo_worker.models.backbones import build_backbone


def patch_classifier(backbone: str, taps: Sequence[str], size: int) -> keras.Model:
    """Backbone, evidence map, logit.

    Args:
        backbone: Name of a backbone.
        taps: Feature maps that the head reads, finest first.
        size: Side of a patch in pixels, a multiple of 32.

    Returns:
        A network from `pixels`, float32 (batch, size, size, 3) in 0..255, to `evidence` (batch, rows, columns) on the grid
        of the finest tap and `logit` (batch,), its mean.
    """
    if size % 32:
        raise ValueError(f"size must be a multiple of 32, not {size}")
    pixels = keras.Input((size, size, 3), name="pixels")
    maps = build_backbone(backbone, taps)(pixels)
    finest = maps[taps[0]].shape[1]
    parts = []
    for place, tap in enumerate(taps):
        part = layers.Conv2D(1, 1, use_bias=place == 0, name=f"evidence_{tap}")(maps[tap])
        factor = finest // maps[tap].shape[1]
        parts.append(layers.UpSampling2D(factor, name=f"grow_{tap}")(part) if factor > 1 else part)
    summed = layers.Add(name="sum")(parts) if len(parts) > 1 else parts[0]
    evidence = layers.Reshape(summed.shape[1:3], name="evidence")(summed)
    logit = layers.Reshape((), name="logit")(layers.GlobalAveragePooling2D(name="mean")(summed))
    return keras.Model(pixels, {"evidence": evidence, "logit": logit}, name="patch_classifier")
