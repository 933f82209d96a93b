"""What the network should have said: targets of both stages, computed in the graph."""

import keras

from lobule_ml.keras_types import Tensor, ops
from mammo_worker.nn import boxes as bx
from mammo_worker.nn.config import MaskRCNNConfig, MatchRule
from mammo_worker.nn.rpn import cell_centres

_SIGMA = 0.12  # of a mass's side: cells this near its centre are nearly as good
_CORE = 0.25  # of a mass's side: cells this near its centre learn its box
ANCHOR_POSITIVE, ANCHOR_NEGATIVE = 0.7, 0.3  # Ren et al., "Faster R-CNN", section 3.1.2


def match(rule: MatchRule, proposals: Tensor, truth: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Best true box of every proposal.

    Args:
        rule: How a pair is measured.
        proposals: (B, N, 4).
        truth: (B, G, 4).
        labels: int (B, G); 0 for padding.

    Returns:
        The best match (B, N), 0 where there is none, and its index (B, N).
    """
    measure = bx.pairwise_iou if rule == "iou" else bx.pairwise_overlap_ratio
    table = measure(proposals, truth) * ops.expand_dims(ops.cast(labels > 0, "float32"), 1)
    return ops.max(table, axis=-1), ops.argmax(table, axis=-1)


def take_truth(values: Tensor, index: Tensor) -> Tensor:
    """Rows (B, N, ...) of `values` (B, G, ...) that `index` (B, N) names."""
    if len(values.shape) == 3:
        return ops.take_along_axis(values, ops.expand_dims(index, -1), axis=1)
    return ops.take_along_axis(values, index, axis=1)


def sample(
    positive: Tensor, negative: Tensor, count: int, positive_share: float, seed: keras.random.SeedGenerator
) -> tuple[Tensor, Tensor]:
    """Draw a fixed number of candidates, at most a share of them positive.

    Args:
        positive: bool (B, N).
        negative: bool (B, N); candidates that are neither are never drawn.
        count: How many to draw.
        positive_share: Largest share of positives.
        seed: Source of chance.

    Returns:
        Indices (B, `count`), first the positive slots, and weights (B, `count`), 0 for a slot that stayed empty.
    """
    slots = max(1, round(count * positive_share))
    chance = keras.random.uniform(ops.shape(positive), seed=seed)
    drawn: list[tuple[Tensor, Tensor]] = []
    for mask, k in ((positive, slots), (negative, count - slots)):
        k = min(k, int(mask.shape[1]))
        drawn.append(ops.top_k(ops.where(mask, chance + 1.0, 0.0), k))
    index = ops.concatenate([drawn[0][1], drawn[1][1]], axis=1)
    rank = ops.concatenate([drawn[0][0], drawn[1][0]], axis=1)
    return index, ops.cast(rank > 0, "float32")


def anchor_targets(anchors: Tensor, truth: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Which anchors are masses, which are background, and whose they are.

    An anchor is positive from IoU 0.7 on, or where it is the best of a mass; negative below 0.3.

    Args:
        anchors: (N, 4).
        truth: (B, G, 4).
        labels: int (B, G).

    Returns:
        Positive, negative (bool, (B, N)) and the index of the true box (B, N).
    """
    real = ops.expand_dims(ops.cast(labels > 0, "float32"), 1)
    table = bx.pairwise_iou(ops.expand_dims(anchors, 0), truth) * real
    best = ops.max(table, axis=-1)
    best_of_mass = ops.logical_and(table >= ops.max(table, axis=1, keepdims=True) - 1e-6, table > 1e-3)
    positive = ops.logical_or(best >= ANCHOR_POSITIVE, ops.any(best_of_mass, axis=-1))
    negative = ops.logical_and(best < ANCHOR_NEGATIVE, ops.logical_not(positive))
    return positive, negative, ops.argmax(table, axis=-1)


def centre_targets(
    canvas: tuple[int, int], stride: int, truth: Tensor, labels: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Heat map of a centre head, and which cell learns which box.

    Args:
        canvas: Height and width.
        stride: Of the level.
        truth: (B, G, 4).
        labels: int (B, G).

    Returns:
        Heat (B, N), 1 in the cell that holds a centre; box weights (B, N); index of the true box (B, N).
    """
    cells = ops.reshape(ops.convert_to_tensor(cell_centres(canvas, stride)), (1, -1, 1, 2))
    centre = ops.expand_dims((truth[..., :2] + truth[..., 2:]) / 2, 1)
    side = ops.expand_dims(ops.maximum(truth[..., 2:] - truth[..., :2], 1.0), 1)
    offset = ops.abs(cells - centre)
    real = ops.expand_dims(labels > 0, 1)
    home = ops.logical_and(ops.all(offset <= stride / 2, axis=-1), real)
    sigma = ops.maximum(side * _SIGMA, stride / 2)
    heat = ops.exp(-0.5 * ops.sum((offset / sigma) ** 2, axis=-1)) * ops.cast(real, "float32")
    heat = ops.where(home, 1.0, ops.minimum(heat, 0.99))
    core = ops.logical_or(home, ops.logical_and(ops.all(offset < side * _CORE, axis=-1), real))
    best = ops.max(heat, axis=-1)
    return best, best * ops.cast(ops.any(core, axis=-1), "float32"), ops.argmax(heat, axis=-1)


def roi_targets(
    config: MaskRCNNConfig, proposals: Tensor, truth: Tensor, labels: Tensor, seed: keras.random.SeedGenerator
) -> dict[str, Tensor]:
    """RoIs for the second stage, drawn from proposals and the true boxes themselves.

    Args:
        config: Match rule, its limits, number of RoIs.
        proposals: (B, N, 4); all zero for padding.
        truth: (B, G, 4).
        labels: int (B, G).
        seed: Source of chance.

    Returns:
        `rois` (B, R, 4), `label` int (B, R) with 0 for background, `truth` (B, R, 4), `weight` (B, R), `positive`
        (B, R).
    """
    candidates = ops.concatenate([truth, proposals], axis=1)
    best, index = match(config.match, candidates, truth, labels)
    real = bx.area(candidates) > 1.0
    positive = ops.logical_and(best >= config.match_positive, real)
    negative = ops.logical_and(best < config.match_negative, real)
    chosen, weight = sample(positive, negative, config.rois, config.roi_positive_share, seed)
    rois = take_truth(candidates, chosen)
    is_positive = ops.cast(take_truth(ops.cast(positive, "int32"), chosen), "float32") * weight
    of = take_truth(index, chosen)
    label = take_truth(labels, of) * ops.cast(is_positive, "int32")
    return {
        "rois": ops.stop_gradient(rois),
        "label": label,
        "truth": take_truth(truth, of),
        "weight": weight,
        "positive": is_positive,
    }
