"""Settings that let Keras' torch back-end train faster on a CPU."""

from typing import Any

import keras


def prepare_torch() -> None:
    """Stop the torch back-end from copying images at every convolution; does nothing on other back-ends.

    Keras permutes channels-last images for PyTorch and then copies them into a contiguous tensor, which PyTorch's
    convolutions and poolings do not need: they read the permuted view as their own channels-last format. The results
    are the same.
    """
    if keras.backend.backend() != "torch":
        return
    import torch  # pyright: ignore[reportMissingImports]
    from keras.src.backend.torch import nn

    original = nn._transpose_spatial_inputs

    def without_copy(inputs: Any) -> Any:
        return torch.permute(inputs, (0, 3, 1, 2)) if inputs.ndim == 4 else original(inputs)

    nn._transpose_spatial_inputs = without_copy


def fuse_batch_normalization() -> None:
    """Train Keras' batch normalization with PyTorch's fused operation; does nothing on other back-ends.

    Keras computes the moments and the normalization in a dozen operations, which took a quarter of a step of the search
    for calcifications on a CPU. The moving variance is that of PyTorch, n / (n - 1) of Keras', where n is the number of
    normalized values of a channel.
    """
    if keras.backend.backend() != "torch":
        return
    from torch.nn.functional import batch_norm  # pyright: ignore[reportMissingImports]

    layer: Any = keras.layers.BatchNormalization
    original = layer.call

    def fused(self: Any, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if not (training and self.trainable) or mask is not None or inputs.ndim != 4 or self.axis not in (-1, 3):
            return original(self, inputs, training=training, mask=mask)
        moving = self.moving_mean.value.data, self.moving_variance.value.data
        own = self.gamma.value, self.beta.value
        normal = batch_norm(inputs.permute(0, 3, 1, 2), *moving, *own, True, 1 - self.momentum, self.epsilon)
        return normal.permute(0, 2, 3, 1)

    if original.__name__ != "fused":
        layer.call = fused
