"""Mean and standard deviation of a feature map."""

from typing import Any

import keras
from keras import layers

from histo_worker.models.statistics import STATISTICS

STATISTICS.add("mean", layers.Identity)


@STATISTICS.register("deviation")
@keras.saving.register_keras_serializable("lobule")
class LocalDeviation(layers.Layer):
    """Each position's share of the standard deviation of its feature map: (x - mean)^2 / deviation.

    The mean of the result over the positions is the map's standard deviation, so a head that is linear in deviations
    has an exact evidence map, too. A deviation does not change with a shift of the whole map, which is most of the
    effect of another dye or lamp.
    """

    def call(self, x: Any) -> Any:  # a tensor of any backend
        """Map (batch, rows, columns, channels) to the same shape."""
        squared: Any = keras.ops.square(x - keras.ops.mean(x, axis=(1, 2), keepdims=True))
        variance: Any = keras.ops.mean(squared, axis=(1, 2), keepdims=True)
        return squared / keras.ops.sqrt(variance + 1e-6)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The input's shape."""
        return input_shape
