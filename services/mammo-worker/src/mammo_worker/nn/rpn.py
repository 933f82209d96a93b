"""Region proposals: anchors over a pyramid, or objectness at every cell; then the proposal layer."""

from collections.abc import Sequence

import keras
import numpy as np
from numpy.typing import NDArray

from lobule_ml.keras_types import Tensor, layers, ops
from mammo_worker.nn import boxes as bx
from mammo_worker.nn.fpn import conv_bn_relu
from mammo_worker.nn.nms import top_after_nms

PRIOR = 0.01  # objectness before training: foreground is rare (Lin et al., "Focal loss", section 4.1)
_TYPICAL_HALF_SIDE = 2.5  # of a mass, in cells: where the sizes start from


def make_anchors(
    canvas: tuple[int, int], strides: Sequence[int], scales: Sequence[float], ratios: Sequence[float]
) -> NDArray[np.float32]:
    """Anchors (N, 4), level by level, then row by row, column by column, ratio by ratio; one scale per level."""
    levels: list[NDArray[np.float32]] = []
    for stride, scale in zip(strides, scales, strict=True):
        rows, columns = -(-canvas[0] // stride), -(-canvas[1] // stride)
        cy, cx = np.meshgrid((np.arange(rows) + 0.5) * stride, (np.arange(columns) + 0.5) * stride, indexing="ij")
        halves = [(scale * r**0.5 / 2, scale / r**0.5 / 2) for r in ratios]
        level = [np.stack([cx - w, cy - h, cx + w, cy + h], axis=-1) for h, w in halves]
        levels.append(np.stack(level, axis=2).reshape(-1, 4).astype(np.float32))
    return np.concatenate(levels)


def build_anchor_rpn(channels: int, ratios: int) -> keras.Model:
    """The RPN's head, shared by all levels: one 3x3 convolution, then two 1x1 ones (the report's section 3.4.1).

    Returns:
        Model from a level (H, W, `channels`) to logits (H * W * ratios,) and deltas (H * W * ratios, 4).
    """
    level = layers.Input((None, None, channels))
    x = layers.Conv2D(max(channels, 128) * 2, 3, padding="same", activation="relu", name="rpn_conv")(level)
    logits = layers.Conv2D(ratios, 1, name="rpn_logit")(x)
    deltas = layers.Conv2D(ratios * 4, 1, name="rpn_delta")(x)
    return keras.Model(level, [layers.Reshape((-1,))(logits), layers.Reshape((-1, 4))(deltas)], name="anchor_rpn")


def build_centre_rpn(channels: int) -> keras.Model:
    """Objectness and box at every cell of one level (Zhou et al., "Objects as points", 2019; boxes as in FCOS).

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
    return keras.Model(level, [layers.Reshape((-1,))(logits), layers.Reshape((-1, 4))(sizes)], name="centre_rpn")


@keras.saving.register_keras_serializable("mammo_worker")
def _bounded_exp(x: Tensor) -> Tensor:
    return ops.exp(ops.clip(x, -4.0, 5.0))


def cell_centres(canvas: tuple[int, int], stride: int) -> NDArray[np.float32]:
    """Centres (N, 2) as x, y of a level's cells, row by row."""
    y, x = np.meshgrid(np.arange(canvas[0] // stride), np.arange(canvas[1] // stride), indexing="ij")
    return (np.stack([x, y], axis=-1).reshape(-1, 2).astype(np.float32) + 0.5) * stride


def boxes_from_distances(distances: Tensor, canvas: tuple[int, int], stride: int) -> Tensor:
    """Boxes (B, N, 4) in canvas pixels from distances (B, N, 4) in strides at a level's cells."""
    centres = ops.convert_to_tensor(cell_centres(canvas, stride))
    reach = distances * float(stride)
    return ops.concatenate([centres - reach[..., :2], centres + reach[..., 2:]], axis=-1)


def propose(
    boxes: Tensor, objectness: Tensor, canvas: tuple[int, int], nms: float, before: int, after: int
) -> tuple[Tensor, Tensor]:
    """The proposal layer: clip, suppress, keep a fixed number.

    Args:
        boxes: (B, N, 4).
        objectness: (B, N), probabilities.
        canvas: Height and width.
        nms: IoU above which the worse box falls.
        before: Boxes into the suppression.
        after: Proposals out.

    Returns:
        Proposals (B, `after`, 4) and their objectness (B, `after`), 0 where there are fewer. No gradient flows.
    """
    boxes, objectness = ops.stop_gradient(bx.clip(boxes, *canvas)), ops.stop_gradient(objectness)
    index, is_box = top_after_nms(boxes, objectness, nms, before, after)
    chosen = ops.take_along_axis(boxes, ops.expand_dims(index, -1), axis=1)
    score = ops.take_along_axis(objectness, index, axis=1)
    real = ops.cast(is_box, "float32")
    return chosen * ops.expand_dims(real, -1), score * real
