"""Backbone and pyramid, from canvases to feature levels."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import keras
import numpy as np

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
        halves: For inference, the backbone up to its first map, and the rest of it. Networks whose first half is the
            same object compute it once.
    """

    backbone: keras.Model
    fpn: keras.Model
    maps: Sequence[str]
    clahe: bool
    halves: tuple[keras.Model, keras.Model] | None = None

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
        return self._levels(self.backbone(three_channels(canvas, self.clahe), training=training), training)

    def _levels(self, maps: dict[str, Tensor], training: bool) -> list[Tensor]:
        levels = self.fpn([maps[name] for name in self.maps], training=training)
        return [ops.cast(level, "float32") for level in levels]

    def halved(self) -> "Trunk":
        """The same trunk with `halves`."""
        first = self.backbone.output[PYRAMID[0]]
        rest = {name: self.backbone.output[name] for name in PYRAMID[1:]}
        return replace(self, halves=(keras.Model(self.backbone.inputs, first), keras.Model(first, rest)))

    def sharing(self, other: "Trunk") -> "Trunk":
        """The same trunk with the first half of another one, if both have halves and those have the same weights."""
        if self.halves is None or other.halves is None or self.clahe != other.clahe:
            return self
        own, theirs = self.halves[0].get_weights(), other.halves[0].get_weights()
        same = len(own) == len(theirs) and all(np.array_equal(a, b) for a, b in zip(own, theirs, strict=True))
        return replace(self, halves=(other.halves[0], self.halves[1])) if same else self


def levels_of_each(trunks: Sequence[Trunk], canvas: Tensor) -> list[list[Tensor]]:
    """The feature levels of several trunks, for inference; a first half that trunks share is computed once."""
    firsts: dict[int, Tensor] = {}
    levels: list[list[Tensor]] = []
    for trunk in trunks:
        if trunk.halves is None:
            levels.append(trunk(canvas))
            continue
        lower, upper = trunk.halves
        if id(lower) not in firsts:
            firsts[id(lower)] = lower(three_channels(canvas, trunk.clahe), training=False)
        first = firsts[id(lower)]
        levels.append(trunk._levels({PYRAMID[0]: first, **upper(first, training=False)}, training=False))
    return levels


def three_channels(canvas: Tensor, clahe: bool) -> Tensor:
    """The backbone's input (B, H, W, 3) from 0 to 255: grey and twice CLAHE, or only grey, of canvases (B, H, W, 2)."""
    canvas = ops.cast(canvas, "float32")
    grey, equalised = canvas[..., :1], canvas[..., 1:]
    second = equalised if clahe else grey
    return ops.concatenate([grey, second, second], axis=-1)
