"""A pretrained backbone with the evidence head."""

from collections.abc import Sequence

import keras

from histo_worker.models import ARCHITECTURES
from histo_worker.models.heads import evidence_head
from histo_worker.models.taps import build_trunk


@ARCHITECTURES.register("patch_classifier")
def patch_classifier(
    backbone: str, taps: Sequence[str], size: int, dropout: float = 0.0, statistic: str = "mean"
) -> keras.Model:
    """Build a network with backbone, evidence map and logit.

    Args:
        backbone: A key of `lobule_ml.backbones.BACKBONES`.
        taps: Feature maps that the head reads, finest first.
        size: Side of a patch in pixels, a multiple of 32.
        dropout: Share of feature maps dropped in training.
        statistic: A key of `STATISTICS`, computed from each feature map.

    Returns:
        A network from `pixels`, float32 (batch, size, size, 3) from 0 to 255, to `evidence` (batch, rows, columns) on
        the grid of the finest tap and `logit` (batch,), its mean.

    Raises:
        ValueError: The size is not a multiple of 32.
    """
    if size % 32:
        raise ValueError(f"size must be a multiple of 32, not {size}")
    pixels = keras.Input((size, size, 3), name="pixels")
    maps = build_trunk(backbone, taps)(pixels)
    outputs = evidence_head({t: maps[t] for t in taps}, dropout=dropout, statistic=statistic)
    return keras.Model(pixels, outputs, name="patch_classifier")
