"""What decides how a network is built and what it learns: a small frozen record for each of its parts."""

from dataclasses import asdict, field
from typing import Any, Literal

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

Measure = Literal["iou", "overlap_ratio"]
BoxLoss = Literal["smooth_l1", "containment"]
MaskSupervision = Literal["full", "weak", "none"]
MilLoss = Literal["max_pooling", "label_assignment", "sparse"]

_STRICT = ConfigDict(extra="forbid")  # a package of a newer version may say what this one does not know


@dataclass(frozen=True, config=_STRICT)
class BackboneConfig:
    """The convolutional trunk.

    Attributes:
        name: A key of `lobule_ml.backbones.BACKBONES`.
        frozen_blocks: Stages of the backbone, from the stem on, that are not trained.
        clahe: Whether the network sees CLAHE beside the plain grey (the thesis' preprocessing, "P").
    """

    name: Literal["efficientnet_lite0", "densenet121", "resnet50", "resnet101"] = "resnet101"
    frozen_blocks: int = 0
    clahe: bool = True


@dataclass(frozen=True, config=_STRICT)
class PyramidConfig:
    """The feature pyramid (FPN).

    Attributes:
        channels: Of every level.
        strides: Of the levels; beyond 32 they are pooled from the last one.
    """

    channels: int = 256
    strides: tuple[int, ...] = (4, 8, 16, 32, 64)


@dataclass(frozen=True, config=_STRICT)
class MatcherConfig:
    """When a box matches a true one.

    Attributes:
        measure: Intersection over union, or the thesis' overlap ratio ("E").
        positive: Match from which a box is positive.
        negative: Match below which it is background; between the two it is left out.
        best_of_each: Whether the best box of every true one is positive, however poor the match.
    """

    measure: Measure = "iou"
    positive: float = 0.5
    negative: float = 0.5
    best_of_each: bool = False


@dataclass(frozen=True, config=_STRICT)
class SelectionConfig:
    """Which of the first stage's boxes become proposals.

    Attributes:
        nms: IoU above which the worse of two proposals is suppressed.
        before: Best boxes that enter the suppression at test time.
        before_train: The same while training.
        kept: Proposals per film at test time.
        kept_train: The same while training.
    """

    nms: float = 0.7
    before: int = 1000
    before_train: int = 6000
    kept: int = 200
    kept_train: int = 2000


# Ren et al., "Faster R-CNN", section 3.1.2.
ANCHOR_MATCHER = MatcherConfig(positive=0.7, negative=0.3, best_of_each=True)


@dataclass(frozen=True, config=_STRICT)
class AnchorStageConfig:
    """The thesis' RPN: objectness and box of every anchor of every level.

    Attributes:
        kind: What stored packages call this stage.
        scales: Side of the square anchor at each level, canvas pixels.
        ratios: Height over width of the anchors.
        matcher: Of anchors with true boxes.
        samples: Anchors per film in the loss.
        box_loss: `smooth_l1`, or the thesis' containment-aware one ("L").
        selection: Of the proposals.
    """

    kind: Literal["anchors"] = "anchors"
    scales: tuple[float, ...] = (32.0, 64.0, 128.0, 256.0, 512.0)
    ratios: tuple[float, ...] = (0.5, 1.0, 2.0)
    matcher: MatcherConfig = ANCHOR_MATCHER
    samples: int = 256
    box_loss: BoxLoss = "smooth_l1"
    selection: SelectionConfig = field(default_factory=SelectionConfig)


@dataclass(frozen=True, config=_STRICT)
class CentreStageConfig:
    """Objectness and box at every cell of the finest level.

    The first stage of Zhou et al., "Probabilistic two-stage detection", 2021.

    Attributes:
        kind: What stored packages call this stage.
        selection: Of the proposals.
    """

    kind: Literal["centre"] = "centre"
    selection: SelectionConfig = field(default_factory=SelectionConfig)


@dataclass(frozen=True, config=_STRICT)
class RoiConfig:
    """Regions of interest: which are drawn for the losses of the second stage, and how features are pooled.

    Attributes:
        matcher: Of proposals with true boxes.
        samples: RoIs per film in the losses.
        positive_share: Largest share of positive ones among them.
        sampling: RoIAlign samples per bin and axis.
    """

    matcher: MatcherConfig = field(default_factory=MatcherConfig)
    samples: int = 200
    positive_share: float = 0.33
    sampling: int = 2


@dataclass(frozen=True, config=_STRICT)
class BoxHeadConfig:
    """Class and box of a RoI.

    Attributes:
        context: Factor by which boxes are enlarged for the head.
        pool: Bins of its RoIAlign.
        units: Width of its two dense layers.
        loss: `smooth_l1`, or the thesis' containment-aware one ("L").
    """

    context: float = 1.0
    pool: int = 7
    units: int = 1024
    loss: BoxLoss = "smooth_l1"


@dataclass(frozen=True, config=_STRICT)
class MaskHeadConfig:
    """Mask of a RoI.

    Attributes:
        supervision: What a film without masks teaches the head; `none`: the head is not trained.
        pool: Bins of its RoIAlign; masks have twice as many.
        convs: Convolutions.
        channels: Of the convolutions.
    """

    supervision: MaskSupervision = "full"
    pool: int = 14
    convs: int = 4
    channels: int = 256

    @property
    def side(self) -> int:
        """Of a mask."""
        return 2 * self.pool


@dataclass(frozen=True, config=_STRICT)
class TriageConfig:
    """The multi-instance head over whole films (the thesis' section 2.4).

    Attributes:
        loss: How instances make up a film.
        top: Instances that label assignment takes for positive.
        sparsity: Weight of the L1 norm of the instance map.
    """

    loss: MilLoss = "sparse"
    top: int = 8
    sparsity: float = 1e-4


@dataclass(frozen=True, config=_STRICT)
class DetectionConfig:
    """Which classified RoIs become findings.

    Attributes:
        limit: Findings per film at most.
        nms: IoU above which the worse of two findings is suppressed.
        voting: IoU from which suppressed findings lend their box to the one that stayed; 0 for none.
    """

    limit: int = 100
    nms: float = 0.3
    voting: float = 0.0


@dataclass(frozen=True, config=_STRICT)
class MaskRCNNConfig:
    """A Mask R-CNN: the configurations of its parts.

    Attributes:
        canvas: Height and width of the input.
        backbone: The trunk.
        pyramid: The feature pyramid.
        proposals: The first stage.
        rois: What the second stage learns from.
        box: Its class and box head.
        mask: Its mask head.
        triage: The triage head, or None for none.
        detections: The findings.
    """

    canvas: tuple[int, int] = (1024, 1024)
    backbone: BackboneConfig = field(default_factory=BackboneConfig)
    pyramid: PyramidConfig = field(default_factory=PyramidConfig)
    proposals: AnchorStageConfig | CentreStageConfig = field(default_factory=AnchorStageConfig)
    rois: RoiConfig = field(default_factory=RoiConfig)
    box: BoxHeadConfig = field(default_factory=BoxHeadConfig)
    mask: MaskHeadConfig = field(default_factory=MaskHeadConfig)
    triage: TriageConfig | None = None
    detections: DetectionConfig = field(default_factory=DetectionConfig)

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return asdict(self)


@dataclass(frozen=True, config=_STRICT)
class TestTimeVariant:
    """One of several variants in which a film is analysed; their findings are fused (test-time augmentation).

    Attributes:
        canvas: Height and width of the network's input.
        upside_down: Whether the film is turned upside down.
        network: Index of the network that analyses it, in a package with several networks of one architecture.
    """

    canvas: tuple[int, int]
    upside_down: bool = False
    network: int = 0
