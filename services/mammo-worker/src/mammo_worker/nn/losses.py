"""Losses: the standard ones, the thesis' containment-aware box loss, and losses of weak masks."""

from lobule_ml.keras_types import Tensor, ops
from mammo_worker.nn import boxes as bx
from mammo_worker.nn.box_coder import DeltaCoder
from mammo_worker.nn.config import BoxLoss


def weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    """Mean of `values` with `weights`; 0 if all weights are 0."""
    return ops.sum(values * weights) / ops.maximum(ops.sum(weights), 1.0)


def binary_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Element-wise binary cross entropy from logits."""
    return ops.maximum(logits, 0.0) - logits * targets + ops.softplus(-ops.abs(logits))


def class_loss(logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Cross entropy over background, benign, malignant; for a mass of unknown class only of mass against background.

    Args:
        logits: Logits (..., 3).
        labels: Labels, int (...), indices into `box_head.CLASSES` or `MASS_OF_UNKNOWN_CLASS`.
        weights: Weights (...).
    """
    log_p = ops.log_softmax(logits, axis=-1)
    log_mass = ops.logsumexp(log_p[..., 1:], axis=-1)
    all_four = ops.concatenate([log_p, ops.expand_dims(log_mass, -1)], axis=-1)
    chosen = ops.sum(all_four * ops.one_hot(labels, 4, dtype=logits.dtype), axis=-1)
    return weighted_mean(-chosen, weights)


def centre_focal_loss(logits: Tensor, heat: Tensor) -> Tensor:
    """Penalty-reduced focal loss over a heat map (Law and Deng, "CornerNet"), per positive cell.

    Args:
        logits: Logits (B, N).
        heat: Heat map (B, N) in [0, 1], exactly 1 at a mass's centre.
    """
    p = ops.sigmoid(logits)
    positive = ops.cast(heat >= 1.0, "float32")
    hit = -((1.0 - p) ** 2) * ops.log_sigmoid(logits) * positive
    miss = -((1.0 - heat) ** 4) * p**2 * ops.log_sigmoid(-logits) * (1.0 - positive)
    return ops.sum(hit + miss) / ops.maximum(ops.sum(positive), 1.0)


def giou_loss(predicted: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """1 - generalised IoU (Rezatofighi et al., CVPR 2019) of paired boxes (..., 4)."""
    x1, y1 = ops.maximum(predicted[..., 0], truth[..., 0]), ops.maximum(predicted[..., 1], truth[..., 1])
    x2, y2 = ops.minimum(predicted[..., 2], truth[..., 2]), ops.minimum(predicted[..., 3], truth[..., 3])
    shared = ops.maximum(x2 - x1, 0.0) * ops.maximum(y2 - y1, 0.0)
    union = bx.area(predicted) + bx.area(truth) - shared
    hull_w = ops.maximum(predicted[..., 2], truth[..., 2]) - ops.minimum(predicted[..., 0], truth[..., 0])
    hull_h = ops.maximum(predicted[..., 3], truth[..., 3]) - ops.minimum(predicted[..., 1], truth[..., 1])
    hull = ops.maximum(hull_w * hull_h, 1e-3)
    giou = shared / ops.maximum(union, 1e-3) - (hull - union) / hull
    return weighted_mean(1.0 - giou, weights)


def smooth_l1(difference: Tensor) -> Tensor:
    """Element-wise smooth L1, quadratic below 1."""
    size = ops.abs(difference)
    return ops.where(size < 1.0, 0.5 * size**2, size - 0.5)


def containment_overhang(predicted: Tensor, truth: Tensor) -> Tensor:
    """The overhang of one box's extent over the other's (the thesis' section 4.2.4).

    Per axis, it is 0 if either extent is inside the other, including shared edges, otherwise the larger overhang over
    the true width. A box is thus not pulled once it is in the mass (or contains it), as with the overlap ratio.

    The thesis prints max(x'0 - x0, x'3 - x3) / w. If a box is to the right of the true one, this is the smaller
    overhang, and negative; here it is the larger one on either side, without a sign, which smooth L1 ignores. The
    thesis' w is the predicted width, so that a box could lower its loss by growing; here it is the true width.

    Args:
        predicted: Predicted boxes (..., 4).
        truth: True boxes (..., 4).

    Returns:
        The overhang in x and in y, (..., 2).
    """
    first = truth[..., :2] - predicted[..., :2]
    last = truth[..., 2:] - predicted[..., 2:]
    contained = first * last <= 0
    side = ops.maximum(truth[..., 2:] - truth[..., :2], 1.0)
    return ops.where(contained, 0.0, ops.maximum(ops.abs(first), ops.abs(last)) / side)


def smooth_l1_box_loss(coder: DeltaCoder, deltas: Tensor, anchors: Tensor, truth: Tensor) -> Tensor:
    """Smooth L1 of the deltas (the thesis' eq. 5), (...); arguments as for `box_loss`."""
    return ops.sum(smooth_l1(deltas - coder.encode(truth, anchors)), axis=-1)


def containment_box_loss(coder: DeltaCoder, deltas: Tensor, anchors: Tensor, truth: Tensor) -> Tensor:
    """Smooth L1 of the overhang of the decoded boxes, (...); arguments as for `box_loss`."""
    return ops.sum(smooth_l1(containment_overhang(coder.decode(deltas, anchors), truth)), axis=-1)


BOX_LOSSES = {"smooth_l1": smooth_l1_box_loss, "containment": containment_box_loss}


def box_loss(
    kind: BoxLoss, coder: DeltaCoder, deltas: Tensor, anchors: Tensor, truth: Tensor, weights: Tensor
) -> Tensor:
    """The box regression loss of paired boxes.

    Args:
        kind: A key of `BOX_LOSSES`.
        coder: Coder of the deltas.
        deltas: Predicted deltas (..., 4).
        anchors: Anchors (..., 4) of the deltas.
        truth: True boxes (..., 4).
        weights: Weights (...), 1 for positives.
    """
    return weighted_mean(BOX_LOSSES[kind](coder, deltas, anchors, truth), weights)


def mask_loss(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Mean binary cross entropy of masks (..., S, S) weighted per mask (...)."""
    return weighted_mean(ops.mean(binary_cross_entropy(logits, targets), axis=(-2, -1)), weights)


def box_projection_loss(logits: Tensor, inside: Tensor, weights: Tensor) -> Tensor:
    """Loss of masks from boxes: the mask's projection on each axis must be the box's (Tian et al., "BoxInst", eq. 2).

    The mean probability outside of the box is added.

    Args:
        logits: Mask logits (..., S, S).
        inside: Grid (..., S, S), 1 where a bin is in the true box.
        weights: Weights (...).
    """
    p = ops.sigmoid(logits)
    total = 0.0
    for axis in (-2, -1):
        shadow, true_shadow = ops.max(p, axis=axis), ops.max(inside, axis=axis)
        shared = ops.sum(shadow * true_shadow, axis=-1)
        both = ops.sum(shadow**2, axis=-1) + ops.sum(true_shadow**2, axis=-1)
        total = total + (1.0 - 2.0 * shared / ops.maximum(both, 1e-4))
    outside = ops.mean(p * (1.0 - inside), axis=(-2, -1))
    return weighted_mean(total + outside, weights)
