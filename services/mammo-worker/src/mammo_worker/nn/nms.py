"""Non-maximum suppression within the graph, on every backend."""

from lobule_ml.keras_types import Tensor, ops
from mammo_worker.nn.boxes import pairwise_iou


def nms_keep(boxes: Tensor, valid: Tensor, threshold: float) -> Tensor:
    """Greedy non-maximum suppression of boxes that are sorted by descending score.

    A box is suppressed if a *kept* box before it overlaps it by more than `threshold` (IoU). Instead of visiting the
    boxes one by one, all are compared at once with the boxes kept in the previous round, until nothing changes. This
    fixed point is the greedy solution, and needs as many rounds as the longest chain of overlaps, which is a handful.

    Args:
        boxes: Boxes (B, N, 4).
        valid: Valid boxes, bool (B, N); others are neither kept nor suppress.
        threshold: Largest IoU of two kept boxes.

    Returns:
        Mask of the kept boxes, bool (B, N).
    """
    count = int(boxes.shape[1])
    index = ops.arange(count)
    earlier = ops.expand_dims(index, 1) < ops.expand_dims(index, 0)
    suppresses = ops.cast(ops.logical_and(pairwise_iou(boxes, boxes) > threshold, earlier), "float32")

    def judge(keep: Tensor) -> Tensor:
        fallen = ops.matmul(ops.expand_dims(ops.cast(keep, "float32"), 1), suppresses)[:, 0] > 0
        return ops.logical_and(valid, ops.logical_not(fallen))

    def changing(before: Tensor, keep: Tensor) -> Tensor:
        return ops.any(before != keep)

    _, keep = ops.while_loop(
        changing, lambda _, keep: (keep, judge(keep)), (valid, judge(valid)), maximum_iterations=count
    )
    return keep


def top_after_nms(boxes: Tensor, scores: Tensor, threshold: float, before: int, after: int) -> tuple[Tensor, Tensor]:
    """The best boxes after suppression, padded to a fixed number.

    Args:
        boxes: Boxes (B, N, 4).
        scores: Scores (B, N); a score that is not positive means no box.
        threshold: See `nms_keep`.
        before: Number of best boxes before suppression.
        after: Number of boxes after suppression.

    Returns:
        Indices (B, `after`) into N, and whether each is a box (bool).
    """
    before = min(before, int(scores.shape[1]))
    best, order = ops.top_k(scores, before)
    candidates = ops.take_along_axis(boxes, ops.expand_dims(order, -1), axis=1)
    keep = nms_keep(candidates, best > 0, threshold)
    after_k = min(after, before)
    # Kept boxes first, in the order of their scores.
    rank = ops.where(keep, ops.cast(before - ops.arange(before), "float32"), 0.0)
    kept_rank, kept = ops.top_k(rank, after_k)
    indices = ops.take_along_axis(order, kept, axis=1)
    is_box = kept_rank > 0
    if after_k < after:
        indices = ops.pad(indices, [[0, 0], [0, after - after_k]])
        is_box = ops.pad(is_box, [[0, 0], [0, after - after_k]])
    return indices, is_box
