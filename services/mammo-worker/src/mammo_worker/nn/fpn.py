"""Feature pyramid (Lin et al., "Feature Pyramid Networks for Object Detection", CVPR 2017)."""

from collections.abc import Sequence

import keras

from lobule_ml.batch_norm import BatchNorm
from lobule_ml.keras_types import Tensor, layers


def conv_bn_relu(x: Tensor, filters: int, name: str, kernel: int = 3) -> Tensor:
    """Apply a convolution without bias, batch norm and ReLU."""
    x = layers.Conv2D(filters, kernel, padding="same", use_bias=False, name=name)(x)
    return layers.ReLU()(BatchNorm(name=f"{name}_bn")(x))


def build_fpn(widths: dict[int, int], strides: Sequence[int], channels: int) -> keras.Model:
    """Build the top-down pathway.

    Args:
        widths: Number of channels of the backbone's map at each stride from 4 or 8 to 32.
        strides: Strides of the pyramid; those beyond 32 are subsampled from the level before.
        channels: Channels of every level.

    Returns:
        Model from the backbone's maps (those whose strides are in `strides`) to the pyramid, finest level first.
    """
    bottom_up = [s for s in strides if s in widths]
    inputs = [layers.Input((None, None, widths[s]), name=f"c_stride{s}") for s in bottom_up]
    lateral = [layers.Conv2D(channels, 1, name=f"lateral_stride{s}")(x) for s, x in zip(bottom_up, inputs, strict=True)]
    merged = [lateral[-1]]
    for x in reversed(lateral[:-1]):
        merged.append(layers.Add()([x, layers.UpSampling2D(2)(merged[-1])]))
    levels = [conv_bn_relu(x, channels, f"p_stride{s}") for s, x in zip(bottom_up, reversed(merged), strict=True)]
    for _ in strides[len(bottom_up) :]:
        levels.append(layers.MaxPooling2D(1, 2)(levels[-1]))
    return keras.Model(inputs, levels, name="fpn")
