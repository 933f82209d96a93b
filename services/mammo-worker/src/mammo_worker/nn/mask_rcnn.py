"""Mask R-CNN: the parts put together, for training and for detection."""

from typing import Any

import keras

from lobule_ml.backbones import PYRAMID, build_backbone
from lobule_ml.keras_types import Tensor, dtype_policy, ops
from mammo_worker.nn import boxes as bx
from mammo_worker.nn import losses, targets
from mammo_worker.nn.config import MaskRCNNConfig
from mammo_worker.nn.fpn import build_fpn
from mammo_worker.nn.heads import build_box_head, build_mask_head, build_mil_head
from mammo_worker.nn.nms import top_after_nms
from mammo_worker.nn.roi_align import roi_align
from mammo_worker.nn.rpn import (
    boxes_from_distances,
    build_anchor_rpn,
    build_centre_rpn,
    make_anchors,
    propose,
)

MASK_STRIDE = 4  # of the true masks that come with a film
MIL_STRIDE = 16
_STRIDES = (4, 8, 16, 32)  # of the backbone's pyramid


@keras.saving.register_keras_serializable("mammo_worker")
class MaskRCNN(keras.Model):
    """Mask R-CNN (He et al., ICCV 2017) with an optional triage head.

    While training, `call` takes a dictionary: `canvas` uint8 (B, H, W, 2) as `films.prepare` makes it; `boxes`
    (B, G, 4) in canvas pixels; `labels` int (B, G), 0 padding, 1 benign, 2 malignant, 3 a mass of either class;
    `mask` (B, H / 4, W / 4, 1), the union of the film's masks; `has_mask` (B,); `malignant` (B,), 1, 0, or -1 for
    unknown. Otherwise the canvas alone.

    Args:
        config: What to build.
        trunk_precision: Keras dtype policy of backbone and pyramid, where nearly all the arithmetic is; boxes, heads
            and losses always stay in float32, for coordinates need it.

    Example:
        ```
        model = MaskRCNN(standard.network())
        found = model.detect(canvases)
        ```
    """

    def __init__(self, config: MaskRCNNConfig, trunk_precision: str = "float32", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config
        h, w = config.canvas
        channels = config.pyramid_channels
        with dtype_policy(trunk_precision):
            self.backbone = build_backbone(config.backbone, shape=(h, w, 3), frozen_stages=config.frozen_blocks)
            shapes = {s: tuple(x.shape[1:]) for s, x in zip(_STRIDES, self.backbone.outputs, strict=True)}
            self.fpn = build_fpn(shapes, config.strides, channels)
        self._bottom_up = [name for name, s in zip(PYRAMID, _STRIDES, strict=True) if s in config.strides]
        if config.proposal_stage == "centre":
            self.rpn = build_centre_rpn(channels)
        else:
            self.rpn = build_anchor_rpn(channels, len(config.anchor_ratios))
            self.anchors = make_anchors(config.canvas, config.strides, config.anchor_scales, config.anchor_ratios)
        self.box_head = build_box_head(config.box_pool, channels, config.box_head_units)
        self.mask_head = build_mask_head(config.mask_pool, channels, config.mask_convs, config.mask_channels)
        self.mil_head = build_mil_head(channels) if config.mil else None
        # The levels that boxes are pooled from: the last one beyond stride 32 serves proposals only.
        self._roi_strides = tuple(s for s in config.strides if s <= 32)
        self._seed = keras.random.SeedGenerator(17)
        self._parts = {
            name: keras.metrics.Mean(name)
            for name in ("rpn_score", "rpn_box", "roi_class", "roi_box", "roi_mask", "mil")
        }

    def get_config(self) -> dict[str, Any]:
        """Keras' serialisation."""
        return {**super().get_config(), "config": self.config.to_dict()}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "MaskRCNN":
        """Keras' deserialisation."""
        del custom_objects
        return cls(MaskRCNNConfig.from_dict(config.pop("config")), **config)

    def pyramid(self, canvas: Tensor, training: bool = False) -> list[Tensor]:
        """Feature levels (B, H / s, W / s, C) of canvases (B, H, W, 2)."""
        maps = self.backbone(three_channels(canvas, self.config.clahe), training=training)
        levels = self.fpn([maps[name] for name in self._bottom_up], training=training)
        return [ops.cast(level, "float32") for level in levels]

    def first_stage(self, levels: list[Tensor], training: bool = False) -> tuple[Tensor, Tensor, Tensor]:
        """Objectness logits (B, N), raw boxes (B, N, 4: deltas or distances) and decoded boxes (B, N, 4)."""
        if self.config.proposal_stage == "centre":
            logits, distances = self.rpn(levels[0], training=training)
            return logits, distances, boxes_from_distances(distances, self.config.canvas, self.config.strides[0])
        outputs = [self.rpn(level, training=training) for level in levels]
        logits = ops.concatenate([o[0] for o in outputs], axis=1)
        deltas = ops.concatenate([o[1] for o in outputs], axis=1)
        return logits, deltas, bx.decode(deltas, ops.convert_to_tensor(self.anchors))

    def classify_rois(self, levels: list[Tensor], rois: Tensor, training: bool = False) -> tuple[Tensor, Tensor]:
        """Class logits (B, R, 3) and box deltas (B, R, 4) of RoIs (B, R, 4)."""
        c = self.config
        seen = bx.clip(bx.grow(rois, c.roi_context), *c.canvas)
        pooled = roi_align(levels[: len(self._roi_strides)], self._roi_strides, seen, c.box_pool, c.box_sampling)
        count = int(rois.shape[1])
        flat = ops.reshape(pooled, (-1, c.box_pool, c.box_pool, c.pyramid_channels))
        logits, deltas = self.box_head(flat, training=training)
        return ops.reshape(logits, (-1, count, 3)), ops.reshape(deltas, (-1, count, 4))

    def mask_rois(self, levels: list[Tensor], rois: Tensor, training: bool = False) -> Tensor:
        """Mask logits (B, R, 2 * mask_pool, 2 * mask_pool) of RoIs (B, R, 4)."""
        c = self.config
        pooled = roi_align(levels[: len(self._roi_strides)], self._roi_strides, rois, c.mask_pool, c.box_sampling)
        flat = ops.reshape(pooled, (-1, c.mask_pool, c.mask_pool, c.pyramid_channels))
        side = 2 * c.mask_pool
        return ops.reshape(self.mask_head(flat, training=training), (-1, int(rois.shape[1]), side, side))

    def proposals(self, boxes: Tensor, logits: Tensor, training: bool = False) -> tuple[Tensor, Tensor]:
        """Proposals (B, P, 4) and their objectness (B, P), as many as configured for training or test."""
        c = self.config
        before = c.proposals_before_nms_train if training else c.proposals_before_nms
        after = c.proposals_train if training else c.proposals_test
        return propose(boxes, ops.sigmoid(logits), c.canvas, c.rpn_nms, before, after)

    def call(self, inputs: Any, training: bool = False) -> dict[str, Tensor]:
        """Everything the losses need (with truth given), or the detections (with a canvas alone)."""
        if not isinstance(inputs, dict):
            return self.detect(inputs)
        c = self.config
        levels = self.pyramid(inputs["canvas"], training)
        logits, raw, boxes = self.first_stage(levels, training)
        proposals, _ = self.proposals(boxes, logits, training=True)
        roi = targets.roi_targets(c, proposals, inputs["boxes"], inputs["labels"], self._seed)
        class_logits, deltas = self.classify_rois(levels, roi["rois"], training)
        out = {f"roi_{k}": v for k, v in roi.items()}
        out |= {"logits": logits, "raw": raw, "boxes": boxes, "class_logits": class_logits, "deltas": deltas}
        if c.mask_supervision != "none":
            slots = max(1, round(c.rois * c.roi_positive_share))
            mask_boxes = roi["rois"][:, :slots]
            out["mask_rois"] = mask_boxes
            out["mask_logits"] = self.mask_rois(levels, mask_boxes, training)
        if self.mil_head is not None:
            out["mil"] = self.mil_head(levels[c.strides.index(MIL_STRIDE)], training=training)
        return out

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Tensor:
        """Sum of the losses of both stages, the masks and the triage head."""
        del y, sample_weight, training
        c, p = self.config, y_pred
        rpn_score, rpn_box = self._first_stage_losses(x, p)
        parts: dict[str, Tensor] = {"rpn_score": rpn_score, "rpn_box": rpn_box}
        parts["roi_class"] = losses.class_loss(p["class_logits"], p["roi_label"], p["roi_weight"])
        parts["roi_box"] = losses.box_loss(c.box_loss, p["deltas"], p["roi_rois"], p["roi_truth"], p["roi_positive"])
        if c.mask_supervision != "none":
            parts["roi_mask"] = self._mask_loss(x, p)
        if c.mil is not None:
            known = ops.cast(x["malignant"] >= 0, "float32")
            parts["mil"] = losses.mil_loss(c.mil, p["mil"], x["malignant"], known, c.mil_top, c.mil_sparsity)
        for name, value in parts.items():
            self._parts[name].update_state(value)
        return sum(parts.values())

    def _first_stage_losses(self, x: Any, p: Any) -> tuple[Tensor, Tensor]:
        c = self.config
        if c.proposal_stage == "centre":
            heat, weight, of = targets.centre_targets(c.canvas, c.strides[0], x["boxes"], x["labels"])
            truth = targets.take_truth(x["boxes"], of)
            return losses.centre_focal_loss(p["logits"], heat), losses.giou_loss(p["boxes"], truth, weight)
        anchors = ops.convert_to_tensor(self.anchors)
        positive, negative, of = targets.anchor_targets(anchors, x["boxes"], x["labels"])
        chosen, weight = targets.sample(positive, negative, c.rpn_samples, 0.5, self._seed)
        is_positive = targets.take_truth(ops.cast(positive, "float32"), chosen) * weight
        score = losses.weighted_mean(
            losses.binary_cross_entropy(targets.take_truth(p["logits"], chosen), is_positive), weight
        )
        truth = targets.take_truth(targets.take_truth(x["boxes"], of), chosen)
        moved = ops.take(anchors, chosen, axis=0)
        deltas = targets.take_truth(p["raw"], chosen)
        return score, losses.box_loss(c.box_loss, deltas, moved, truth, is_positive)

    def _mask_loss(self, x: Any, p: Any) -> Tensor:
        """Full supervision where the film has masks; elsewhere box projection, if configured."""
        c, boxes = self.config, p["mask_rois"]
        slots, side = int(boxes.shape[1]), 2 * c.mask_pool
        weight, truth = p["roi_positive"][:, :slots], p["roi_truth"][:, :slots]
        has_mask = ops.expand_dims(ops.cast(x["has_mask"], "float32"), -1)
        inside = _inside(boxes, truth, side)
        film_masks = ops.cast(x["mask"], "float32")
        target = roi_align([film_masks], (MASK_STRIDE,), boxes, side, 1)[..., 0] * inside
        total = losses.mask_loss(p["mask_logits"], ops.cast(target > 0.5, "float32"), weight * has_mask)
        if c.mask_supervision == "weak":
            total = total + losses.box_projection_loss(p["mask_logits"], inside, weight * (1.0 - has_mask))
        return total

    def detect(self, canvas: Tensor) -> dict[str, Tensor]:
        """Find masses.

        Args:
            canvas: (B, H, W, 2).

        Returns:
            `boxes` (B, D, 4) in canvas pixels; `score` (B, D), that it is a mass, 0 for padding; `malignant` (B, D),
            that it is malignant if it is one; `masks` (B, D, S, S), probabilities on a grid over the box; and, with a
            triage head, `mil` (B, H / 16, W / 16), malignancy of every instance.
        """
        c = self.config
        levels = self.pyramid(canvas)
        logits, _, boxes = self.first_stage(levels)
        rois, objectness = self.proposals(boxes, logits)
        class_logits, deltas = self.classify_rois(levels, rois)
        probability = ops.softmax(class_logits, axis=-1)
        refined = bx.clip(bx.decode(deltas, rois), *c.canvas)
        mass = 1.0 - probability[..., 0]
        real = ops.cast(objectness > 0, "float32")
        # Both stages must agree where the first one is a calibrated objectness and not a mere ranking of anchors.
        score = ops.sqrt(mass * objectness) * real if c.proposal_stage == "centre" else mass * real
        index, is_box = top_after_nms(refined, score, c.detection_nms, c.proposals_test, c.detections)
        keep = ops.cast(is_box, "float32")
        found = targets.take_truth(refined, index)
        if c.box_voting > 0:
            found = vote(found, refined, score, c.box_voting)
        malignant = probability[..., 2] / ops.maximum(mass, 1e-6)
        out = {
            "boxes": found * ops.expand_dims(keep, -1),
            "score": targets.take_truth(score, index) * keep,
            "malignant": targets.take_truth(malignant, index) * keep,
            "masks": ops.sigmoid(self.mask_rois(levels, found)),
        }
        if self.mil_head is not None:
            out["mil"] = ops.sigmoid(self.mil_head(levels[c.strides.index(MIL_STRIDE)]))
        return out


def three_channels(canvas: Tensor, clahe: bool) -> Tensor:
    """What the backbone sees, (B, H, W, 3) in 0..255, of canvases (B, H, W, 2): grey and twice CLAHE, or grey alone."""
    canvas = ops.cast(canvas, "float32")
    grey, equalised = canvas[..., :1], canvas[..., 1:]
    second = equalised if clahe else grey
    return ops.concatenate([grey, second, second], axis=-1)


def vote(kept: Tensor, boxes: Tensor, scores: Tensor, least: float) -> Tensor:
    """Box voting (Gidaris and Komodakis, ICCV 2015): the mean, by score, of all boxes that overlap a kept one.

    Args:
        kept: (B, D, 4).
        boxes: (B, N, 4), the kept ones among them.
        scores: (B, N).
        least: IoU from which a box has a vote.

    Returns:
        (B, D, 4).
    """
    votes = ops.cast(bx.pairwise_iou(kept, boxes) >= least, "float32") * ops.expand_dims(scores, 1)
    total = ops.sum(votes, axis=-1, keepdims=True)
    return ops.where(total > 0, ops.matmul(votes, boxes) / ops.maximum(total, 1e-6), kept)


def _inside(boxes: Tensor, truth: Tensor, side: int) -> Tensor:
    """Grid (B, R, side, side) over each box: 1 where a bin's centre lies in the true box."""
    steps = (ops.arange(side, dtype="float32") + 0.5) / side
    x = ops.expand_dims(boxes[..., 0], -1) + steps * ops.expand_dims(boxes[..., 2] - boxes[..., 0], -1)
    y = ops.expand_dims(boxes[..., 1], -1) + steps * ops.expand_dims(boxes[..., 3] - boxes[..., 1], -1)
    in_x = ops.logical_and(x >= ops.expand_dims(truth[..., 0], -1), x <= ops.expand_dims(truth[..., 2], -1))
    in_y = ops.logical_and(y >= ops.expand_dims(truth[..., 1], -1), y <= ops.expand_dims(truth[..., 3], -1))
    return ops.cast(ops.logical_and(ops.expand_dims(in_y, -1), ops.expand_dims(in_x, -2)), "float32")
