"""Encodes boxes as the targets of a head, and decodes its predictions."""

from dataclasses import dataclass

from lobule_ml.keras_types import Tensor, ops

_MAX_LOG_RATIO = 4.135  # log(1000 / 16): no box grows more in one refinement


@dataclass(frozen=True)
class DeltaCoder:
    """Encodes boxes as deltas that move and stretch an anchor or a proposal (the thesis' eq. 5).

    Attributes:
        scale: Divisors of the deltas, which are their spreads, so that all four have a similar loss.
    """

    scale: tuple[float, float, float, float] = (0.1, 0.1, 0.2, 0.2)

    def encode(self, boxes: Tensor, anchors: Tensor) -> Tensor:
        """Compute the deltas (..., 4) that move `anchors` (..., 4) onto `boxes` (..., 4)."""
        aw, ah = anchors[..., 2] - anchors[..., 0], anchors[..., 3] - anchors[..., 1]
        bw, bh = boxes[..., 2] - boxes[..., 0], boxes[..., 3] - boxes[..., 1]
        aw, ah, bw, bh = (ops.maximum(side, 1e-3) for side in (aw, ah, bw, bh))
        tx = (boxes[..., 0] + 0.5 * bw - anchors[..., 0] - 0.5 * aw) / aw
        ty = (boxes[..., 1] + 0.5 * bh - anchors[..., 1] - 0.5 * ah) / ah
        deltas = ops.stack([tx, ty, ops.log(bw / aw), ops.log(bh / ah)], axis=-1)
        return deltas / ops.convert_to_tensor(self.scale, deltas.dtype)

    def decode(self, deltas: Tensor, anchors: Tensor) -> Tensor:
        """Apply deltas to anchors; the inverse of `encode`."""
        deltas = deltas * ops.convert_to_tensor(self.scale, deltas.dtype)
        aw, ah = anchors[..., 2] - anchors[..., 0], anchors[..., 3] - anchors[..., 1]
        cx = anchors[..., 0] + 0.5 * aw + deltas[..., 0] * aw
        cy = anchors[..., 1] + 0.5 * ah + deltas[..., 1] * ah
        w = aw * ops.exp(ops.minimum(deltas[..., 2], _MAX_LOG_RATIO))
        h = ah * ops.exp(ops.minimum(deltas[..., 3], _MAX_LOG_RATIO))
        return ops.stack([cx - 0.5 * w, cy - 0.5 * h, cx + 0.5 * w, cy + 0.5 * h], axis=-1)


@dataclass(frozen=True)
class DistanceCoder:
    """Decodes distances from a point to the left, upper, right and lower edge (Tian et al., "FCOS", ICCV 2019).

    Attributes:
        stride: Unit of the distances in canvas pixels.
    """

    stride: int

    def decode(self, distances: Tensor, points: Tensor) -> Tensor:
        """Compute boxes (..., N, 4) from distances (..., N, 4) at points (N, 2)."""
        reach = distances * float(self.stride)
        return ops.concatenate([points - reach[..., :2], points + reach[..., 2:]], axis=-1)
