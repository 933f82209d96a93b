"""DenseNet-121 (Huang et al., "Densely Connected Convolutional Networks", CVPR 2017)."""

from collections.abc import Collection

import keras

from lobule_ml.backbones import BACKBONES
from lobule_ml.backbones.spec import BackboneSpec, Maps
from lobule_ml.batch_norm import BatchNorm
from lobule_ml.keras_types import Tensor, layers

BLOCKS = (6, 12, 24, 16)
GROWTH = 32
_IMAGENET_MEAN, _IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_EPSILON = 1.001e-5


def densenet121(pixels: keras.KerasTensor, wanted: Collection[str] = ("head",)) -> Maps:
    """Build the backbone; layers are named as in `keras.applications`, so its weights load by name.

    Args:
        pixels: (batch, height, width, 3), normalised by the mean and standard deviation of ImageNet.
        wanted: Names of maps; dense blocks behind the last of them are not built.

    Returns:
        C2 to C5 with 256, 512, 1024 and 1024 channels, each taken after the batch norm and ReLU that follow its dense
        block; `C3_middle`, the 320 maps behind six of the second block's twelve layers, as they are concatenated; and
        `head`, which is C5.
    """
    x = layers.ZeroPadding2D(3)(pixels)
    x = layers.Conv2D(64, 7, 2, use_bias=False, name="conv1_conv")(x)
    x = _bn_relu(x, "conv1_bn")
    x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(x))
    maps: Maps = {}
    for stage, count in enumerate(BLOCKS, start=2):
        for block in range(1, count + 1):
            x = _dense_layer(x, f"conv{stage}_block{block}")
            if (stage, block) == (3, 6):
                maps["C3_middle"] = x
        last = stage == len(BLOCKS) + 1
        x = _bn_relu(x, "bn" if last else f"pool{stage}_bn")
        maps[f"C{stage}"] = x
        if maps.keys() >= set(wanted):
            return maps
        if not last:
            x = layers.Conv2D(int(x.shape[-1]) // 2, 1, use_bias=False, name=f"pool{stage}_conv")(x)
            x = layers.AveragePooling2D(2, 2)(x)
    return maps | {"head": x}


def _bn_relu(x: Tensor, name: str) -> Tensor:
    return layers.ReLU()(BatchNorm(epsilon=_EPSILON, name=name)(x))


def _dense_layer(x: Tensor, name: str) -> Tensor:
    y = _bn_relu(x, f"{name}_0_bn")
    y = layers.Conv2D(4 * GROWTH, 1, use_bias=False, name=f"{name}_1_conv")(y)
    y = _bn_relu(y, f"{name}_1_bn")
    y = layers.Conv2D(GROWTH, 3, padding="same", use_bias=False, name=f"{name}_2_conv")(y)
    return layers.Concatenate()([x, y])


def _per_channel(mean: float, deviation: float) -> tuple[float, float]:
    return 1 / (255 * deviation), -mean / deviation


_SCALES = [_per_channel(m, d) for m, d in zip(_IMAGENET_MEAN, _IMAGENET_DEVIATION, strict=True)]

DENSENET121 = BackboneSpec(
    build=densenet121,
    scale=(_SCALES[0][0], _SCALES[1][0], _SCALES[2][0]),
    offset=(_SCALES[0][1], _SCALES[1][1], _SCALES[2][1]),
    stages=(("conv1_",), ("conv2_", "pool2_"), ("conv3_", "pool3_"), ("conv4_", "pool4_"), ("conv5_", "bn")),
    coarse=3,
    archive="densenet121/densenet121_imagenet1k_notop.npz",
    licence="MIT; as distributed by keras.applications",
)
BACKBONES.add("densenet121", DENSENET121)
