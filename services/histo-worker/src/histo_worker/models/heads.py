"""The head of every network, which is linear on pooled features, so that its logit is the mean of a map.

Averaging and weighting commute: weighting the feature maps first gives an evidence map whose mean is the logit. This is
the thesis' location prediction (6.1.4: filters of the last layer times the last feature maps; Zhou et al., CVPR 2016)
as an exact output of the network at no cost. The same applies if the head reads a map's standard deviation instead of
its mean, because that is also the mean of a local quantity (`histo_worker.models.statistics`).
"""

from collections.abc import Mapping

import keras
from keras import layers

from histo_worker.models.statistics import STATISTICS


def evidence_head(
    maps: Mapping[str, keras.KerasTensor],
    *,
    dropout: float = 0.0,
    regulariser: float = 0.0,
    statistic: str = "mean",
) -> dict[str, keras.KerasTensor]:
    """Compute evidence map and logit from feature maps.

    Args:
        maps: Feature maps by name, finest first, each (batch, rows, columns, channels); coarser ones are upsampled to
            the finest grid, which does not change their mean.
        dropout: Share of feature maps dropped in training; dropping a map drops its average.
        regulariser: L2 penalty of the weights.
        statistic: A key of `STATISTICS`, computed from each map.

    Returns:
        `evidence` (batch, rows, columns) on the finest grid, and `logit` (batch,), its mean.
    """
    finest = next(iter(maps.values())).shape[1]
    parts = []
    for place, (name, tensor) in enumerate(maps.items()):
        tensor = STATISTICS[statistic](dtype="float32", name=f"{statistic}_{name}")(tensor)
        if dropout:
            tensor = layers.SpatialDropout2D(dropout, name=f"dropout_{name}")(tensor)
        weigh = layers.Conv2D(
            1,
            1,
            use_bias=place == 0,
            kernel_regularizer=keras.regularizers.L2(regulariser) if regulariser else None,
            dtype="float32",  # also under mixed precision, because the calibration's input must not be rounded
            name=f"evidence_{name}",
        )
        part = weigh(tensor)
        factor = finest // part.shape[1]
        parts.append(layers.UpSampling2D(factor, name=f"grow_{name}")(part) if factor > 1 else part)
    summed = layers.Add(name="sum")(parts) if len(parts) > 1 else parts[0]
    return {
        "evidence": layers.Reshape(summed.shape[1:3], name="evidence")(summed),
        "logit": layers.Reshape((), name="logit")(layers.GlobalAveragePooling2D(name="mean")(summed)),
    }
