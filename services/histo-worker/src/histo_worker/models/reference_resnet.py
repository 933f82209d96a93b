"""The thesis' ResNet family (table 8, figures 41 and 43) from one definition.

Choices that the thesis leaves open: residual blocks are convolution, batch norm, ReLU (He et al., CVPR 2016). A
shortcut into a wider, smaller stage averages 2x2 pixels and pads with empty maps, which adds no parameters. The caption
of figure 41 doubles "all layers", but table 8 keeps 16 maps in the first convolution, and the table is followed. For
other input sizes the number of stages changes so that the last maps are 8x8, as in figure 43's networks for 64 to 512
pixels.
"""

from dataclasses import dataclass, replace
from typing import Any

import keras
from keras import layers

from histo_worker.models import ARCHITECTURES
from histo_worker.models.heads import evidence_head

_LAST_SIDE = 8  # side of the last feature maps for every input size


@dataclass(frozen=True)
class ReferenceResNet:
    """One network of the family.

    Attributes:
        size: Side of the input: 64, 128, 256 or 512.
        stem_kernel: Kernel of the first convolution.
        stem_stride: 1 with a max pool after the stem, or 2 without it.
        width: Feature maps of the first residual stage; every stage doubles them.
        blocks: Residual blocks of each stage.
        pools: Max pools before the residual stages, each after two convolutions.
        dropout: Dropout rate before the last layer.
        regulariser: L2 penalty of all kernels; the thesis' weight decay.
    """

    size: int = 256
    stem_kernel: int = 7
    stem_stride: int = 1
    width: int = 16
    blocks: tuple[int, ...] = (5, 5, 5, 5, 5)
    pools: int = 1
    dropout: float = 0.0
    regulariser: float = 0.0

    def for_size(self, size: int) -> "ReferenceResNet":
        """The same network for another input size, with stages added or removed at the coarse end."""
        more = (size // self.size).bit_length() - 1 if size >= self.size else -((self.size // size).bit_length() - 1)
        blocks = self.blocks[: len(self.blocks) + more] if more < 0 else self.blocks + self.blocks[-1:] * more
        return replace(self, size=size, blocks=blocks)

    def build(self) -> keras.Model:
        """Build the network from `pixels`, float32 (batch, size, size, 3), to `evidence` and `logit`.

        The input is the output of an operation of `preprocessing.operations`; `evidence` has shape (batch, 8, 8),
        `logit` (batch,).

        Raises:
            ValueError: Size and number of stages do not result in 8x8 maps.
        """
        halvings = (self.stem_stride == 2) + (self.stem_stride == 1) * self.pools
        last = self.size >> (halvings + len(self.blocks) - 1)
        if last != _LAST_SIDE:
            raise ValueError(f"{self.size} pixels and {len(self.blocks)} stages end in {last}x{last} maps, not 8x8")
        pixels: Any = keras.Input((self.size, self.size, 3), name="pixels")
        x = self._convolve(pixels, 16, "conv00_1", kernel=self.stem_kernel, stride=self.stem_stride)
        x = self._convolve(x, self.width, "conv00_2")
        if self.stem_stride == 1:
            x = layers.MaxPooling2D(2, name="pool00")(x)
            for pool in range(1, self.pools):
                x = self._convolve(x, self.width, f"conv0{pool}_1")
                x = self._convolve(x, self.width, f"conv0{pool}_2")
                x = layers.MaxPooling2D(2, name=f"pool0{pool}")(x)
        for stage, count in enumerate(self.blocks, 1):
            for block in range(1, count + 1):
                stride = 2 if stage > 1 and block == 1 else 1
                x = self._residual(x, self.width << (stage - 1), f"conv{stage}_{block}", stride)
        outputs = evidence_head({"last": x}, dropout=self.dropout, regulariser=self.regulariser)
        return keras.Model(pixels, outputs, name="reference_resnet")

    def _convolve(
        self, x: keras.KerasTensor, maps: int, name: str, *, kernel: int = 3, stride: int = 1, relu: bool = True
    ) -> keras.KerasTensor:
        regulariser = keras.regularizers.L2(self.regulariser) if self.regulariser else None
        x = layers.Conv2D(
            maps, kernel, strides=stride, padding="same", use_bias=False, kernel_initializer="he_normal",
            kernel_regularizer=regulariser, name=name,
        )(x)  # fmt: skip
        x = layers.BatchNormalization(name=f"{name}_bn")(x)
        return layers.ReLU(name=f"{name}_relu")(x) if relu else x

    def _residual(self, x: keras.KerasTensor, maps: int, name: str, stride: int) -> keras.KerasTensor:
        y = self._convolve(x, maps, f"{name}a", stride=stride)
        y = self._convolve(y, maps, f"{name}b", relu=False)
        if stride == 2:
            x = layers.AveragePooling2D(2, name=f"{name}_shrink")(x)
        if x.shape[-1] < maps:
            x = PadMaps(maps - x.shape[-1], name=f"{name}_pad")(x)
        return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([x, y]))


@keras.saving.register_keras_serializable("lobule")
class PadMaps(layers.Layer):
    """Appends empty feature maps.

    Args:
        more: Number of empty maps.
    """

    def __init__(self, more: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.more = more

    def call(self, x: Any) -> Any:  # a tensor of any backend
        """(batch, rows, columns, channels) to (batch, rows, columns, channels + more)."""
        return keras.ops.pad(x, [[0, 0], [0, 0], [0, 0], [0, self.more]])

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The input's shape with more channels."""
        return (*input_shape[:-1], (input_shape[-1] or 0) + self.more)

    def get_config(self) -> dict[str, Any]:
        """Arguments that rebuild the layer."""
        return super().get_config() | {"more": self.more}


NORMAL = ReferenceResNet()
FAMILY: dict[str, ReferenceResNet] = {
    "normal": NORMAL,
    "conv3x3": replace(NORMAL, stem_kernel=3),
    "stride2": replace(NORMAL, stem_stride=2),
    "blocks_changed": replace(NORMAL, blocks=(4, 4, 5, 7, 5)),
    "maps_doubled": replace(NORMAL, width=32),
    "two_pools": replace(NORMAL, pools=2, blocks=(5, 5, 5, 5)),
    "dropout": replace(NORMAL, dropout=0.5),
    "best": replace(NORMAL, stem_stride=2, dropout=0.5),
}
"""Table 8's columns, the normal model with dropout (table 9) and the "best" model (table 12), for 256 pixels."""


@ARCHITECTURES.register("report_resnet")  # the name in older packages
@ARCHITECTURES.register("reference_resnet")
def reference_resnet(variant: str, size: int = 256, regulariser: float = 0.0) -> keras.Model:
    """A network of the family by name.

    Raises:
        KeyError: The variant is unknown.
    """
    return replace(FAMILY[variant].for_size(size), regulariser=regulariser).build()
