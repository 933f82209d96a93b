"""DenseNet-121 (Huang et al., "Densely Connected Convolutional Networks", CVPR 2017)."""

from pathlib import Path

import keras
import numpy as np

from mammo_worker.nn.backend import Tensor, layers
from mammo_worker.nn.batch_norm import BatchNorm

BLOCKS = (6, 12, 24, 16)
GROWTH = 32
IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_EPSILON = 1.001e-5


def densenet121(shape: tuple[int, int, int], frozen_blocks: int = 0) -> keras.Model:
    """Build the backbone; layers are named as in `keras.applications`, so its weights load by name.

    Args:
        shape: Height, width, channels; values as ImageNet's mean and deviation make them.
        frozen_blocks: The stem and this many less one of the four dense blocks are not trained (0: all are).

    Returns:
        Model giving C2, C3, C4, C5 at strides 4, 8, 16, 32 with 256, 512, 1024 and 1024 channels, each taken after the
        batch norm and ReLU that follow its dense block.
    """
    image = layers.Input(shape, name="image")
    x = layers.ZeroPadding2D(3)(image)
    x = layers.Conv2D(64, 7, 2, use_bias=False, name="conv1_conv")(x)
    x = _bn_relu(x, "conv1_bn")
    x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(x))
    ends: list[Tensor] = []
    for stage, count in enumerate(BLOCKS, start=2):
        for block in range(1, count + 1):
            x = _dense_layer(x, f"conv{stage}_block{block}")
        last = stage == len(BLOCKS) + 1
        x = _bn_relu(x, "bn" if last else f"pool{stage}_bn")
        ends.append(x)
        if not last:
            x = layers.Conv2D(int(x.shape[-1]) // 2, 1, use_bias=False, name=f"pool{stage}_conv")(x)
            x = layers.AveragePooling2D(2, 2)(x)
    model = keras.Model(image, ends, name="densenet121")
    if frozen_blocks:
        stages = range(2, frozen_blocks + 1)
        frozen = ("conv1_", *(f"conv{i}_" for i in stages), *(f"pool{i}_" for i in stages))
        for layer in model.layers:
            layer.trainable = not layer.name.startswith(frozen)
    return model


def _bn_relu(x: Tensor, name: str) -> Tensor:
    return layers.ReLU()(BatchNorm(epsilon=_EPSILON, name=name)(x))


def _dense_layer(x: Tensor, name: str) -> Tensor:
    y = _bn_relu(x, f"{name}_0_bn")
    y = layers.Conv2D(4 * GROWTH, 1, use_bias=False, name=f"{name}_1_conv")(y)
    y = _bn_relu(y, f"{name}_1_bn")
    y = layers.Conv2D(GROWTH, 3, padding="same", use_bias=False, name=f"{name}_2_conv")(y)
    return layers.Concatenate()([x, y])


def load_imagenet(model: keras.Model, archive: Path) -> None:
    """Load `densenet121_imagenet1k_notop.npz` (keys `layer/variable`); every weight must be there."""
    with np.load(archive) as weights:
        for layer in model.layers:
            for variable in layer.weights:
                variable.assign(weights[f"{layer.name}/{variable.name}"].astype(np.float32))
