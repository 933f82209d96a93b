"""Backbone and pyramid, from canvases to feature levels."""

from collections.abc import Sequence
from dataclasses import dataclass

import keras

from lobule_ml.backbones import PYRAMID, build_backbone
from lobule_ml.keras_types import Tensor, dtype_policy, ops
from mammo_worker.nn.config import BackboneConfig, PyramidConfig
from mammo_worker.nn.fpn import build_fpn

_STRIDES = (4, 8, 16, 32)  # strides of the backbone's maps


@dataclass(frozen=True)
class Trunk:
    """Backbone and pyramid, which need most of a detector's computation.

    Attributes:
        backbone: Network from three channels to its maps.
        fpn: Network from the maps to the levels.
        maps: Names of the maps that the pyramid uses.
        clahe: Whether the network also sees CLAHE.
    """

    backbone: keras.Model
    fpn: keras.Model
    maps: Sequence[str]
    clahe: bool

    @classmethod
    def build(cls, backbone: BackboneConfig, pyramid: PyramidConfig, precision: str = "float32") -> "Trunk":
        """Build a new trunk for canvases of any size.

        Args:
            backbone: Configuration of the backbone.
            pyramid: Configuration of the pyramid.
            precision: Keras dtype policy of both.
        """
        with dtype_policy(precision):
            net = build_backbone(backbone.name, frozen_stages=backbone.frozen_blocks)
            widths = {s: int(x.shape[-1]) for s, x in zip(_STRIDES, net.outputs, strict=True)}
            fpn = build_fpn(widths, pyramid.strides, pyramid.channels)
        maps = [name for name, s in zip(PYRAMID, _STRIDES, strict=True) if s in pyramid.strides]
        return cls(net, fpn, maps, backbone.clahe)

    def __call__(self, canvas: Tensor, training: bool = False) -> list[Tensor]:
        """Compute feature levels float32 (B, H / s, W / s, C) of canvases (B, H, W, 2)."""
        maps = self.backbone(three_channels(canvas, self.clahe), training=training)
        levels = self.fpn([maps[name] for name in self.maps], training=training)
        return [ops.cast(level, "float32") for level in levels]


def three_channels(canvas: Tensor, clahe: bool) -> Tensor:
    """The backbone's input (B, H, W, 3) from 0 to 255: grey and twice CLAHE, or only grey, of canvases (B, H, W, 2)."""
    canvas = ops.cast(canvas, "float32")
    grey, equalised = canvas[..., :1], canvas[..., 1:]
    second = equalised if clahe else grey
    return ops.concatenate([grey, second, second], axis=-1)
