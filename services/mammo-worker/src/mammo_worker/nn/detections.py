"""Selects findings among classified RoIs."""

from dataclasses import dataclass
from typing import NamedTuple

from lobule_ml.keras_types import Tensor, ops
from mammo_worker.nn import boxes as bx
from mammo_worker.nn.config import DetectionConfig
from mammo_worker.nn.nms import top_after_nms


class Findings(NamedTuple):
    """The best RoIs of each film after suppression, padded to a fixed number.

    Attributes:
        boxes: Boxes (B, D, 4).
        index: Indices of the RoIs, int (B, D).
        real: Mask (B, D), 0 for padding.
    """

    boxes: Tensor
    index: Tensor
    real: Tensor


@dataclass(frozen=True)
class FindingSelector:
    """Suppresses overlapping RoIs with lower scores.

    Attributes:
        config: Limits of the selection.
    """

    config: DetectionConfig

    def __call__(self, boxes: Tensor, scores: Tensor) -> Findings:
        """Select among boxes (B, N, 4) by their scores (B, N); a score that is not positive means no box."""
        c = self.config
        index, is_box = top_after_nms(boxes, scores, c.nms, int(scores.shape[1]), c.limit)
        found = bx.take_rows(boxes, index)
        if c.voting > 0:
            found = vote(found, boxes, scores, c.voting)
        return Findings(found, index, ops.cast(is_box, "float32"))


def vote(kept: Tensor, boxes: Tensor, scores: Tensor, least: float) -> Tensor:
    """Box voting (Gidaris and Komodakis, ICCV 2015): the score-weighted mean of all boxes that overlap a kept one.

    Args:
        kept: Kept boxes (B, D, 4).
        boxes: All boxes (B, N, 4), including the kept ones.
        scores: Scores (B, N).
        least: IoU from which a box has a vote.

    Returns:
        The averaged boxes (B, D, 4).
    """
    votes = ops.cast(bx.pairwise_iou(kept, boxes) >= least, "float32") * ops.expand_dims(scores, 1)
    total = ops.sum(votes, axis=-1, keepdims=True)
    return ops.where(total > 0, ops.matmul(votes, boxes) / ops.maximum(total, 1e-6), kept)
