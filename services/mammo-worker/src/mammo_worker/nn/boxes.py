"""Boxes as tensors (..., 4) of x1, y1, x2, y2 in pixels of the canvas."""

from lobule_ml.keras_types import Tensor, ops

DELTA_SCALE = (0.1, 0.1, 0.2, 0.2)
_MAX_LOG_RATIO = 4.135  # log(1000 / 16): no box grows more in one refinement


def area(boxes: Tensor) -> Tensor:
    """Areas (...,) of boxes (..., 4); 0 for empty ones."""
    return ops.maximum(boxes[..., 2] - boxes[..., 0], 0.0) * ops.maximum(boxes[..., 3] - boxes[..., 1], 0.0)


def pairwise_intersection(a: Tensor, b: Tensor) -> Tensor:
    """Shared areas (..., N, M) of boxes (..., N, 4) with boxes (..., M, 4)."""
    a, b = ops.expand_dims(a, -2), ops.expand_dims(b, -3)
    width = ops.minimum(a[..., 2], b[..., 2]) - ops.maximum(a[..., 0], b[..., 0])
    height = ops.minimum(a[..., 3], b[..., 3]) - ops.maximum(a[..., 1], b[..., 1])
    return ops.maximum(width, 0.0) * ops.maximum(height, 0.0)


def pairwise_iou(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union (..., N, M)."""
    shared = pairwise_intersection(a, b)
    union = ops.expand_dims(area(a), -1) + ops.expand_dims(area(b), -2) - shared
    return shared / ops.maximum(union, 1e-6)


def pairwise_overlap_ratio(proposals: Tensor, truth: Tensor) -> Tensor:
    """The report's OR (its eq. 7): shared area over the *proposal's* area, (..., N, M)."""
    return pairwise_intersection(proposals, truth) / ops.maximum(ops.expand_dims(area(proposals), -1), 1e-6)


def encode(boxes: Tensor, anchors: Tensor) -> Tensor:
    """Deltas (..., 4) that move `anchors` onto `boxes` (the report's eq. 5), over `DELTA_SCALE`."""
    aw, ah = anchors[..., 2] - anchors[..., 0], anchors[..., 3] - anchors[..., 1]
    bw, bh = boxes[..., 2] - boxes[..., 0], boxes[..., 3] - boxes[..., 1]
    aw, ah, bw, bh = (ops.maximum(side, 1e-3) for side in (aw, ah, bw, bh))
    tx = (boxes[..., 0] + 0.5 * bw - anchors[..., 0] - 0.5 * aw) / aw
    ty = (boxes[..., 1] + 0.5 * bh - anchors[..., 1] - 0.5 * ah) / ah
    deltas = ops.stack([tx, ty, ops.log(bw / aw), ops.log(bh / ah)], axis=-1)
    return deltas / ops.convert_to_tensor(DELTA_SCALE, deltas.dtype)


def decode(deltas: Tensor, anchors: Tensor) -> Tensor:
    """The inverse of `encode`."""
    deltas = deltas * ops.convert_to_tensor(DELTA_SCALE, deltas.dtype)
    aw, ah = anchors[..., 2] - anchors[..., 0], anchors[..., 3] - anchors[..., 1]
    cx = anchors[..., 0] + 0.5 * aw + deltas[..., 0] * aw
    cy = anchors[..., 1] + 0.5 * ah + deltas[..., 1] * ah
    w = aw * ops.exp(ops.minimum(deltas[..., 2], _MAX_LOG_RATIO))
    h = ah * ops.exp(ops.minimum(deltas[..., 3], _MAX_LOG_RATIO))
    return ops.stack([cx - 0.5 * w, cy - 0.5 * h, cx + 0.5 * w, cy + 0.5 * h], axis=-1)


def clip(boxes: Tensor, height: int, width: int) -> Tensor:
    """Boxes cut to the canvas."""
    limit = ops.convert_to_tensor([width, height, width, height], boxes.dtype)
    return ops.minimum(ops.maximum(boxes, 0.0), limit)


def grow(boxes: Tensor, factor: float) -> Tensor:
    """Boxes enlarged about their centres."""
    cx, cy = (boxes[..., 0] + boxes[..., 2]) / 2, (boxes[..., 1] + boxes[..., 3]) / 2
    w, h = (boxes[..., 2] - boxes[..., 0]) * factor / 2, (boxes[..., 3] - boxes[..., 1]) * factor / 2
    return ops.stack([cx - w, cy - h, cx + w, cy + h], axis=-1)
