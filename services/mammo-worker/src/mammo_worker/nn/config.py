"""The configuration of a network's architecture and losses: a small frozen record for each of its parts."""

from dataclasses import asdict, field
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict
from pydantic.dataclasses import dataclass

Measure = Literal["iou", "overlap_ratio"]
BoxLoss = Literal["smooth_l1", "containment"]
MaskSupervision = Literal["full", "weak", "none"]
MilLoss = Literal["max_pooling", "label_assignment", "sparse"]
Purpose = Literal["findings", "film"]

_STRICT = ConfigDict(extra="forbid")  # a package of a newer version can have fields that this version does not know


def _registered(name: str) -> str:
    from lobule_ml.backbones import BACKBONES  # loads Keras, which a configuration alone does not need

    if name not in BACKBONES:
        raise ValueError(f"there is no backbone {name!r}; choose one of {', '.join(BACKBONES)}")
    return name


@dataclass(frozen=True, config=_STRICT)
class BackboneConfig:
    """The convolutional trunk.

    Attributes:
        name: A key of `lobule_ml.backbones.BACKBONES`.
        frozen_blocks: Stages of the backbone, from the stem on, that are not trained.
        clahe: Whether the network also sees CLAHE (the thesis' preprocessing, "P").
    """

    name: Annotated[str, AfterValidator(_registered)] = "resnet101"
    frozen_blocks: int = 0
    clahe: bool = True


@dataclass(frozen=True, config=_STRICT)
class PyramidConfig:
    """The feature pyramid (FPN).

    Attributes:
        channels: Channels of every level.
        strides: Strides of the levels; levels beyond 32 are pooled from the last one.
    """

    channels: int = 256
    strides: tuple[int, ...] = (4, 8, 16, 32, 64)


@dataclass(frozen=True, config=_STRICT)
class MatcherConfig:
    """The rule for matching boxes with true boxes.

    Attributes:
        measure: Intersection over union, or the thesis' overlap ratio ("E").
        positive: Value from which a box is positive.
        negative: Value below which a box is background; between the two it is ignored.
        best_of_each: Whether the best box of every true box is positive, regardless of the value.
    """

    measure: Measure = "iou"
    positive: float = 0.5
    negative: float = 0.5
    best_of_each: bool = False


@dataclass(frozen=True, config=_STRICT)
class SelectionConfig:
    """The selection of proposals among the first stage's boxes.

    Attributes:
        nms: IoU above which the worse of two proposals is suppressed.
        before: Number of best boxes before suppression at test time.
        before_train: Number of best boxes before suppression in training.
        kept: Number of proposals per film at test time.
        kept_train: Number of proposals per film in training.
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
        kind: Name of this stage in stored packages.
        scales: Side of the square anchor at each level, in canvas pixels.
        ratios: Ratios of height to width of the anchors.
        matcher: Rule for matching anchors with true boxes.
        samples: Number of anchors per film in the loss.
        box_loss: `smooth_l1`, or the thesis' containment-aware one ("L").
        selection: Selection of the proposals.
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
        kind: Name of this stage in stored packages.
        selection: Selection of the proposals.
    """

    kind: Literal["centre"] = "centre"
    selection: SelectionConfig = field(default_factory=SelectionConfig)


@dataclass(frozen=True, config=_STRICT)
class RoiConfig:
    """Sampling of regions of interest for the losses of the second stage, and pooling of their features.

    Attributes:
        matcher: Rule for matching proposals with true boxes.
        samples: Number of RoIs per film in the losses.
        positive_share: Largest share of positive RoIs.
        sampling: Number of RoIAlign samples per bin and axis.
    """

    matcher: MatcherConfig = field(default_factory=MatcherConfig)
    samples: int = 200
    positive_share: float = 0.33
    sampling: int = 2


@dataclass(frozen=True, config=_STRICT)
class BoxHeadConfig:
    """Class and box head of a RoI.

    Attributes:
        context: Factor by which boxes are enlarged for the head.
        pool: Number of bins of its RoIAlign.
        units: Width of its two dense layers.
        loss: `smooth_l1`, or the thesis' containment-aware one ("L").
    """

    context: float = 1.0
    pool: int = 7
    units: int = 1024
    loss: BoxLoss = "smooth_l1"


@dataclass(frozen=True, config=_STRICT)
class MaskHeadConfig:
    """Mask head of a RoI.

    Attributes:
        supervision: Supervision by films without masks; with `none`, the head is not trained.
        pool: Number of bins of its RoIAlign; masks have twice as many.
        convs: Number of convolutions.
        channels: Channels of the convolutions.
    """

    supervision: MaskSupervision = "full"
    pool: int = 14
    convs: int = 4
    channels: int = 256

    @property
    def side(self) -> int:
        """Side of a mask."""
        return 2 * self.pool


@dataclass(frozen=True, config=_STRICT)
class TriageConfig:
    """The multi-instance head over whole films (the thesis' section 2.4).

    Attributes:
        loss: Loss that combines instances into a film.
        top: Number of positive instances in label assignment.
        sparsity: Weight of the L1 norm of the instance map.
    """

    loss: MilLoss = "sparse"
    top: int = 8
    sparsity: float = 1e-4


@dataclass(frozen=True, config=_STRICT)
class DetectionConfig:
    """Selection of findings among classified RoIs.

    Attributes:
        limit: Largest number of findings per film.
        nms: IoU above which the worse of two findings is suppressed.
        voting: IoU from which suppressed findings vote for the box of the kept one; 0 for no voting.
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
        rois: Sampling and pooling of the second stage.
        box: Class and box head of the second stage.
        mask: Mask head of the second stage.
        triage: The triage head, or None.
        detections: Selection of the findings.
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
        """Return JSON-compatible values."""
        return asdict(self)


@dataclass(frozen=True, config=_STRICT)
class TestTimeVariant:
    """A variant in which a film is analysed; the outputs of variants of one purpose are fused (test-time augmentation).

    Attributes:
        canvas: Height and width of the network's input.
        upside_down: Whether the film is flipped vertically.
        network: Index of the network that analyses it, in a package with several networks of one architecture.
        purpose: Whether its output is used for the marked findings, or for the number of the film. In a package without
            variants for the film, those for findings give the film's number, too.
    """

    canvas: tuple[int, int]
    upside_down: bool = False
    network: int = 0
    purpose: Purpose = "findings"
