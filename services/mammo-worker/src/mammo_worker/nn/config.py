"""Everything that decides what a network is and how it learns, in one frozen record."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

ProposalStage = Literal["anchors", "centre"]
MatchRule = Literal["iou", "overlap_ratio"]
BoxLoss = Literal["smooth_l1", "containment"]
MaskSupervision = Literal["full", "weak", "none"]
MilLoss = Literal["max_pooling", "label_assignment", "sparse"]


@dataclass(frozen=True)
class MaskRCNNConfig:
    """A Mask R-CNN, its targets and its losses.

    Attributes:
        backbone: A key of `lobule_ml.backbones.BACKBONES`.
        frozen_blocks: Stages of the backbone, from the stem on, that are not trained.
        canvas: Height and width of the input.
        clahe: Whether the network sees CLAHE beside the plain grey (the report's preprocessing, "P").
        pyramid_channels: Channels of every FPN level.
        strides: Strides of the FPN's levels; beyond 32 they are pooled from the last one.
        proposal_stage: `anchors`: the report's RPN. `centre`: objectness and box at every cell of the finest level
            (the first stage of Zhou et al., "Probabilistic two-stage detection", 2021).
        anchor_scales: Side of the square anchor at each level, canvas pixels.
        anchor_ratios: Height over width of the anchors.
        rpn_nms: IoU above which the worse of two proposals falls.
        rpn_samples: Anchors per film in the RPN's loss.
        proposals_before_nms: Best proposals that go into the suppression at test time.
        proposals_before_nms_train: The same while training.
        proposals_train: Proposals per film while training.
        proposals_test: The same at test time.
        rois: RoIs per film in the second stage's loss.
        roi_positive_share: Largest share of positive ones among them.
        match: Positive decision by IoU or by the report's overlap ratio ("E").
        match_positive: Match from which a proposal is positive.
        match_negative: Match below which it is background; between the two it is left out.
        box_loss: `smooth_l1`, or the report's containment-aware one ("L").
        mask_supervision: What a film without masks gives the mask head.
        roi_context: Factor by which boxes grow before the class head looks.
        box_sampling: RoIAlign samples per bin and axis.
        box_pool: Bins of the class head's RoIAlign.
        mask_pool: Bins of the mask head's RoIAlign; its masks have twice as many.
        box_head_units: Width of the class head's two dense layers.
        mask_convs: Convolutions of the mask head.
        mask_channels: Their channels.
        detections: Findings per film at most.
        detection_nms: IoU above which the worse of two findings falls.
        box_voting: IoU from which findings that fell lend their box to the one that stayed; 0 for none.
        mil: Loss of the triage head (section 2.4), or None for no triage head.
        mil_top: Instances that label assignment takes for positive.
        mil_sparsity: Weight of the L1 norm of the instance map.
    """

    backbone: Literal["efficientnet_lite0", "densenet121", "resnet50", "resnet101"] = "resnet101"
    frozen_blocks: int = 0
    canvas: tuple[int, int] = (1024, 1024)
    clahe: bool = True
    pyramid_channels: int = 256
    strides: tuple[int, ...] = (4, 8, 16, 32, 64)
    proposal_stage: ProposalStage = "anchors"
    anchor_scales: tuple[float, ...] = (32.0, 64.0, 128.0, 256.0, 512.0)
    anchor_ratios: tuple[float, ...] = (0.5, 1.0, 2.0)
    rpn_nms: float = 0.7
    rpn_samples: int = 256
    proposals_before_nms: int = 1000
    proposals_before_nms_train: int = 6000
    proposals_train: int = 2000
    proposals_test: int = 200
    rois: int = 200
    roi_positive_share: float = 0.33
    match: MatchRule = "iou"
    match_positive: float = 0.5
    match_negative: float = 0.5
    box_loss: BoxLoss = "smooth_l1"
    mask_supervision: MaskSupervision = "full"
    roi_context: float = 1.0
    box_sampling: int = 2
    box_pool: int = 7
    mask_pool: int = 14
    box_head_units: int = 1024
    mask_convs: int = 4
    mask_channels: int = 256
    detections: int = 100
    detection_nms: float = 0.3
    box_voting: float = 0.0
    mil: MilLoss | None = None
    mil_top: int = 8
    mil_sparsity: float = 1e-4

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "MaskRCNNConfig":
        """The inverse of `to_dict`, also after a trip through JSON."""
        fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        return cls(**fields)


@dataclass(frozen=True)
class ViewPlan:
    """One look at a film, as plans and packages name it: size of the canvas, and whether it is turned upside down."""

    canvas: tuple[int, int]
    upside_down: bool = False
