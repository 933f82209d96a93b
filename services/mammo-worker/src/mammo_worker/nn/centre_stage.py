"""A first stage without anchors: objectness and box at every cell of the finest level."""

from collections.abc import Sequence
from typing import ClassVar, Self

import keras
import numpy as np

from lobule_ml.keras_types import Tensor, layers, ops
from mammo_worker.nn import boxes as bx
from mammo_worker.nn.anchors import PointGenerator
from mammo_worker.nn.box_coder import DistanceCoder
from mammo_worker.nn.config import CentreStageConfig
from mammo_worker.nn.fpn import conv_bn_relu
from mammo_worker.nn.losses import centre_focal_loss, giou_loss
from mammo_worker.nn.proposals import FirstStage, ProposalStage, logits_and_boxes

PRIOR = 0.01  # objectness before training, because foreground is rare (Lin et al., "Focal loss", section 4.1)
_TYPICAL_HALF_SIDE = 2.5  # of a mass in cells, the initial size
_SIGMA = 0.12  # share of a mass's side; cells this near its centre are almost as good
_CORE = 0.25  # share of a mass's side; cells this near its centre learn its box
_NEARLY_ONE = 0.99


def build_network(channels: int) -> keras.Model:
    """Build the head for objectness and box at every cell of one level (Zhou et al., "Objects as points", 2019; FCOS).

    Returns:
        Model from a level (H, W, `channels`) to logits (H * W,) and distances in strides (H * W, 4) from the cell's
        centre to the left, upper, right and lower edge.
    """
    level = layers.Input((None, None, channels))
    x = conv_bn_relu(conv_bn_relu(level, channels, "centre_conv1"), channels, "centre_conv2")
    bias = keras.initializers.Constant(float(np.log(PRIOR / (1 - PRIOR))))
    logits = layers.Conv2D(1, 1, bias_initializer=bias, name="centre_logit")(x)
    start = keras.initializers.Constant(float(np.log(_TYPICAL_HALF_SIDE)))
    sizes = layers.Conv2D(4, 1, bias_initializer=start, name="centre_size")(x)
    sizes = layers.Lambda(_bounded_exp, name="centre_distance")(sizes)
    return logits_and_boxes(level, logits, sizes, "centre_rpn")


@keras.saving.register_keras_serializable("mammo_worker")
def _bounded_exp(x: Tensor) -> Tensor:
    return ops.exp(ops.clip(x, -4.0, 5.0))


class CentreStage(ProposalStage):
    """Predicts objectness and distances to the edges at every cell of the finest level.

    Args:
        config: Selection of the proposals.
        canvas: Height and width of the canvas.
        strides: Strides of the pyramid's levels.
        channels: Channels of the pyramid.

    Attributes:
        points: Centres of the cells, float32 (N, 2).
    """

    in_half_precision: ClassVar[bool] = False

    def __init__(
        self, config: CentreStageConfig, canvas: tuple[int, int], strides: Sequence[int], channels: int
    ) -> None:
        super().__init__(build_network(channels), canvas, config.selection)
        self.config = config
        self.stride = strides[0]
        self.generator = PointGenerator(self.stride)
        self.points = self.generator(canvas)
        self.coder = DistanceCoder(self.stride)

    def at_canvas(self, canvas: tuple[int, int]) -> Self:
        """The same stage for a canvas of another height and width."""
        other = super().at_canvas(canvas)
        other.points = self.generator(canvas)
        return other

    def __call__(self, levels: Sequence[Tensor], training: bool = False) -> FirstStage:
        """Predict on the finest level (B, H / s, W / s, C)."""
        logits, distances = self.network(levels[0], training=training)
        return FirstStage(logits, distances, self.coder.decode(distances, ops.convert_to_tensor(self.points)))

    def losses(
        self, outputs: FirstStage, truth: Tensor, labels: Tensor, seed: keras.random.SeedGenerator
    ) -> tuple[Tensor, Tensor]:
        """Focal loss of the heat map, and generalised IoU of the boxes at the cells near a centre."""
        del seed
        heat, weight, of = centre_targets(self.points, self.stride, truth, labels)
        return centre_focal_loss(outputs.logits, heat), giou_loss(outputs.boxes, bx.take_rows(truth, of), weight)

    def score(self, mass: Tensor, objectness: Tensor) -> Tensor:
        """The geometric mean of both stages, because this objectness is a probability and both must agree."""
        return ops.sqrt(mass * objectness) * ops.cast(objectness > 0, "float32")


def centre_targets(points: Tensor, stride: int, truth: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Compute the heat map of a centre head, and the box that each cell learns.

    Args:
        points: Centres (N, 2) of the cells.
        stride: Stride of the level.
        truth: True boxes (B, G, 4).
        labels: Labels, int (B, G).

    Returns:
        Heat (B, N), 1 in the cell that contains a centre; box weights (B, N); index of the true box (B, N).
    """
    cells = ops.reshape(ops.convert_to_tensor(points), (1, -1, 1, 2))
    centre = ops.expand_dims((truth[..., :2] + truth[..., 2:]) / 2, 1)
    side = ops.expand_dims(ops.maximum(truth[..., 2:] - truth[..., :2], 1.0), 1)
    offset = ops.abs(cells - centre)
    real = ops.expand_dims(labels > 0, 1)
    home = ops.logical_and(ops.all(offset <= stride / 2, axis=-1), real)
    sigma = ops.maximum(side * _SIGMA, stride / 2)
    heat = ops.exp(-0.5 * ops.sum((offset / sigma) ** 2, axis=-1)) * ops.cast(real, "float32")
    heat = ops.where(home, 1.0, ops.minimum(heat, _NEARLY_ONE))
    core = ops.logical_or(home, ops.logical_and(ops.all(offset < side * _CORE, axis=-1), real))
    best = ops.max(heat, axis=-1)
    return best, best * ops.cast(ops.any(core, axis=-1), "float32"), ops.argmax(heat, axis=-1)
