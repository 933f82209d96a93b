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
