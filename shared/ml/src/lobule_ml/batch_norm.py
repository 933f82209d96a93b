"""Batch normalisation with a fused kernel on the torch backend."""

from typing import Any

import keras

from lobule_ml.keras_types import Tensor, layers, ops


@keras.saving.register_keras_serializable("lobule_ml")
class BatchNorm(layers.BatchNormalization):
    """Keras' batch normalisation with the same weights and the same outputs.

    On the torch backend, Keras composes it of a dozen element-wise operations in float32, which take most of a training
    step on CPUs. This class uses PyTorch's fused kernel there, in the precision of the activations.
    """

    def __init__(self, momentum: float = 0.98, **kwargs: Any) -> None:
        super().__init__(momentum=momentum, **kwargs)

    def call(self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None) -> Tensor:
        """Normalise the last axis of (B, ..., C)."""
        if keras.backend.backend() != "torch":
            return super().call(inputs, training=training, mask=mask)
        from torch.nn import functional  # pyright: ignore[reportMissingImports]

        learns = bool(training) and self.trainable
        mean, variance = self.moving_mean.value, self.moving_variance.value
        if learns:
            # PyTorch tracks the unbiased variance, Keras the biased one; this layer tracks PyTorch's.
            mean, variance = mean.clone(), variance.clone()
        x = ops.moveaxis(inputs, -1, 1)
        x = functional.batch_norm(
            x, mean, variance, self.gamma.value, self.beta.value, learns, 1.0 - self.momentum, self.epsilon
        )
        if learns:
            self.moving_mean.assign(mean)
            self.moving_variance.assign(variance)
        return ops.moveaxis(x, 1, -1)
