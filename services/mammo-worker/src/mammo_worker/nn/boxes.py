"""Boxes as tensors (..., 4) of x1, y1, x2, y2 in pixels of the canvas."""

from lobule_ml.keras_types import Tensor, ops


def area(boxes: Tensor) -> Tensor:
    """Areas (...,) of boxes (..., 4); 0 for empty boxes."""
    return ops.maximum(boxes[..., 2] - boxes[..., 0], 0.0) * ops.maximum(boxes[..., 3] - boxes[..., 1], 0.0)


def pairwise_intersection(a: Tensor, b: Tensor) -> Tensor:
    """Shared areas (..., N, M) of boxes (..., N, 4) and boxes (..., M, 4)."""
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
    """The thesis' OR (its eq. 7): shared area over the *proposal's* area, (..., N, M)."""
    return pairwise_intersection(proposals, truth) / ops.maximum(ops.expand_dims(area(proposals), -1), 1e-6)


def clip(boxes: Tensor, height: int, width: int) -> Tensor:
    """Clip boxes to the canvas."""
    limit = ops.convert_to_tensor([width, height, width, height], boxes.dtype)
    return ops.minimum(ops.maximum(boxes, 0.0), limit)


def grow(boxes: Tensor, factor: float) -> Tensor:
    """Enlarge boxes about their centres."""
    cx, cy = (boxes[..., 0] + boxes[..., 2]) / 2, (boxes[..., 1] + boxes[..., 3]) / 2
    w, h = (boxes[..., 2] - boxes[..., 0]) * factor / 2, (boxes[..., 3] - boxes[..., 1]) * factor / 2
    return ops.stack([cx - w, cy - h, cx + w, cy + h], axis=-1)


def take_rows(values: Tensor, index: Tensor) -> Tensor:
    """Gather the rows (B, N, ...) of `values` (B, G, ...) at `index` (B, N)."""
    if len(values.shape) == 3:
        return ops.take_along_axis(values, ops.expand_dims(index, -1), axis=1)
    return ops.take_along_axis(values, index, axis=1)
