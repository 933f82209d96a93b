"""The head of every network: linear on pooled features, so that its logit is the mean of a map.

Averaging and weighting can be swapped: weighting the feature maps first gives a map of evidence whose mean is the
logit. This is the thesis' location prediction (6.1.4: filters of the last layer times the last feature maps; Zhou et
al., CVPR 2016) as the network's own output, exact and free of cost. The same holds where a map's standard deviation is
read instead of its mean, because that too is the mean of something local (`LocalDeviation`).
"""

from collections.abc import Mapping
from typing import Any, Literal, get_args

import keras
from keras import layers

Statistic = Literal["mean", "deviation"]
"""What is read of a feature map: how strong it is, or how much it varies over the patch."""
STATISTICS: tuple[Statistic, ...] = get_args(Statistic)


@keras.saving.register_keras_serializable("lobule")
class LocalDeviation(layers.Layer):
    """Each position's share in the standard deviation of its feature map: (x - mean)^2 / deviation.

    The mean of the result over the positions is the map's standard deviation, so whatever is linear in deviations has
    an exact map of evidence too. A deviation does not see a shift of the whole map, which most of a dye's or a lamp's
    change is.
    """

    def call(self, x: Any) -> Any:  # a tensor of whatever backend
        """(batch, rows, columns, channels), of the same shape."""
        squared: Any = keras.ops.square(x - keras.ops.mean(x, axis=(1, 2), keepdims=True))
        variance: Any = keras.ops.mean(squared, axis=(1, 2), keepdims=True)
        return squared / keras.ops.sqrt(variance + 1e-6)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The input's shape."""
        return input_shape


def evidence_head(
    maps: Mapping[str, keras.KerasTensor],
    *,
    dropout: float = 0.0,
    regulariser: float = 0.0,
    statistic: Statistic = "mean",
) -> dict[str, keras.KerasTensor]:
    """Evidence map and logit from feature maps.

    Args:
        maps: Feature maps by name, finest first, each (batch, rows, columns, channels); coarser ones are grown to the
            finest grid, which leaves their mean alone.
        dropout: Share of feature maps dropped in training; dropping a map is dropping its average.
        regulariser: L2 penalty of the weights.
        statistic: What is read of each map.

    Returns:
        `evidence` (batch, rows, columns) on the finest grid, and `logit` (batch,), its mean.
    """
    finest = next(iter(maps.values())).shape[1]
    parts = []
    for place, (name, tensor) in enumerate(maps.items()):
        if statistic == "deviation":
            tensor = LocalDeviation(dtype="float32", name=f"deviation_{name}")(tensor)
        if dropout:
            tensor = layers.SpatialDropout2D(dropout, name=f"dropout_{name}")(tensor)
        weigh = layers.Conv2D(
            1,
            1,
            use_bias=place == 0,
            kernel_regularizer=keras.regularizers.L2(regulariser) if regulariser else None,
            dtype="float32",  # also under mixed precision: what the calibration reads must not be rounded
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
