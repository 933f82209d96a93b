"""The thesis' own configurations: its hyperparameters (5.2.4), its table 14 and its table 15.

Films are prepared at the plan's own size, 2048 x 2048. Where the thesis states no more than rate and weight decay, the
recipe is that of the implementation that it builds on (Matterport's Mask R-CNN): SGD with a momentum of 0.9, one film
per step, a constant rate, gradients clipped at a norm of 5, no augmentation.

Deliberate differences: films are mirrored so that the chest wall is on the left, which replaces the thesis' horizontal
flips; the weight decay is decoupled from the gradient instead of a penalty in the loss; the mask head predicts one mask
for both classes; steps are counted in total, without epochs and intermediate validation.

Every plan can use another network: `base` replaces the thesis' (ResNet-101 at 2048 x 2048), for example on a machine
without a GPU. Costs are for the thesis' network on one GPU, as the thesis states them: 12,000 steps in 8 hours on a
Titan X. Expected results are the thesis', on DDSM, matched by overlap ratio.
"""

from dataclasses import replace

from mammo_worker.data.augment import Augmentation
from mammo_worker.nn.config import (
    AnchorStageConfig,
    BackboneConfig,
    BoxHeadConfig,
    BoxLoss,
    MaskHeadConfig,
    MaskRCNNConfig,
    Measure,
    PyramidConfig,
    RoiConfig,
    SelectionConfig,
)
from mammo_worker.training.plan import Phase, Scope, TrainingPlan

LONG, SHORT = 15_000, 7_500  # steps per stage: "long train" of table 15, and 15 epochs of 500 steps


def thesis_network(canvas: tuple[int, int] = (2048, 2048)) -> MaskRCNNConfig:
    """The thesis' network: ResNet-101, 2048 x 2048, five anchor scales, three ratios, 2,000 RoIs in training."""
    return MaskRCNNConfig(
        canvas=canvas,
        backbone=BackboneConfig("resnet101", clahe=True),
        pyramid=PyramidConfig(channels=256, strides=(4, 8, 16, 32, 64)),
        proposals=AnchorStageConfig(
            scales=(32.0, 64.0, 128.0, 256.0, 512.0),
            ratios=(0.5, 1.0, 2.0),
            samples=256,
            selection=SelectionConfig(nms=0.7, kept_train=2000),
        ),
        rois=RoiConfig(samples=200, positive_share=0.33),
        box=BoxHeadConfig(pool=7),
        mask=MaskHeadConfig(pool=14),
        triage=None,
    )


def with_setting(
    base: MaskRCNNConfig, *, clahe: bool, measure: Measure = "iou", box_loss: BoxLoss = "smooth_l1"
) -> MaskRCNNConfig:
    """A network with the settings that table 14 varies.

    Args:
        base: Any network.
        clahe: Preprocessing P.
        measure: Matching E: the measure for matching proposals with true boxes.
        box_loss: Loss L of the second stage and of an RPN.
    """
    stage = base.proposals
    return replace(
        base,
        backbone=replace(base.backbone, clahe=clahe),
        rois=replace(base.rois, matcher=replace(base.rois.matcher, measure=measure)),
        box=replace(base.box, loss=box_loss),
        proposals=replace(stage, box_loss=box_loss) if isinstance(stage, AnchorStageConfig) else stage,
    )


def with_scales(base: MaskRCNNConfig, scales: tuple[float, ...]) -> MaskRCNNConfig:
    """A network with anchors of other scales.

    Raises:
        ValueError: The first stage has no anchors.
    """
    if not isinstance(base.proposals, AnchorStageConfig):
        raise ValueError("the first stage of this network has no anchors")
    return replace(base, proposals=replace(base.proposals, scales=scales))


def _plan(network: MaskRCNNConfig, phases: tuple[Phase, ...]) -> TrainingPlan:
    return TrainingPlan(
        network,
        phases,
        batch=1,
        learning_rate=1e-3,
        rate="constant",
        optimiser="sgd",
        weight_decay=1e-4,
        clip_norm=5.0,
        augmentation=Augmentation(flip=0.0, scale=(1.0, 1.0), rotation=0.0, shift=0.0, contrast=0.0),
    )


def _sequence(*scopes: Scope, steps: int) -> tuple[Phase, ...]:
    return tuple(Phase(steps, scope=scope) for scope in scopes)


_DEFAULT_SEQUENCE = _sequence("heads", "4+", "all", steps=LONG)


def plan(base: MaskRCNNConfig | None = None) -> TrainingPlan:
    """The thesis' network, heads, then 4+, then all. Cost: 30 GPU hours. Expected: the thesis' O+P."""
    return _plan(base or thesis_network(), _DEFAULT_SEQUENCE)


def original(base: MaskRCNNConfig | None = None) -> TrainingPlan:
    """O: no preprocessing, IoU, smooth L1. Cost: 30 GPU hours. Expected: mean AP 45.1 %, 57.9 % at 2.37 FPPI."""
    return _plan(with_setting(base or thesis_network(), clahe=False), _DEFAULT_SEQUENCE)


def preprocessed(base: MaskRCNNConfig | None = None) -> TrainingPlan:
    """O+P: CLAHE. Cost: 30 GPU hours. Expected: mean AP 60.3 %, 72.6 % at 3.14 FPPI."""
    return _plan(with_setting(base or thesis_network(), clahe=True), _DEFAULT_SEQUENCE)


def preprocessed_ratio(base: MaskRCNNConfig | None = None) -> TrainingPlan:
    """O+P+E: positive by overlap ratio. Cost: 30 GPU hours. Expected: mean AP 63.0 %, 65.3 % at 0.72 FPPI."""
    network = with_setting(base or thesis_network(), clahe=True, measure="overlap_ratio")
    return _plan(network, _DEFAULT_SEQUENCE)


def preprocessed_ratio_loss(base: MaskRCNNConfig | None = None) -> TrainingPlan:
    """O+P+E+L: and the containment-aware loss. Cost: 30 GPU hours. Expected: 89.2 %, 45.6 % at 1.11 FPPI."""
    network = with_setting(base or thesis_network(), clahe=True, measure="overlap_ratio", box_loss="containment")
    return _plan(network, _DEFAULT_SEQUENCE)


def preprocessed_loss(base: MaskRCNNConfig | None = None) -> TrainingPlan:
    """O+P+L: the loss with IoU. Cost: 30 GPU hours. Expected: mean AP 67.6 %, 62.5 % at 1.4 FPPI."""
    return _plan(with_setting(base or thesis_network(), clahe=True, box_loss="containment"), _DEFAULT_SEQUENCE)


def _with_smallest_anchor(base: MaskRCNNConfig | None, smallest: int) -> MaskRCNNConfig:
    network = base or thesis_network()
    smallest_here = smallest * network.canvas[0] / thesis_network().canvas[0]  # the same share of a smaller film
    return with_scales(network, tuple(smallest_here * 2.0**i for i in range(len(network.pyramid.strides))))


def sequence_1(base: MaskRCNNConfig | None = None) -> TrainingPlan:
    """Head, 4+, all; anchors from 32; long. Cost: 30 GPU hours. Expected: mean AP 60.3 %, 72.6 % at 3.14 FPPI."""
    return _plan(_with_smallest_anchor(base, 32), _sequence("heads", "4+", "all", steps=LONG))


def sequence_2(base: MaskRCNNConfig | None = None) -> TrainingPlan:
    """(RPN, Mask, Backbone) x 3, 4+, all; from 16; long. Cost: 110 GPU hours. Expected: 61.6 %, 76.5 % at 4.88."""
    rounds: tuple[Scope, ...] = ("rpn", "mask", "backbone") * 3
    return _plan(_with_smallest_anchor(base, 16), _sequence(*rounds, "4+", "all", steps=LONG))


def sequence_3(base: MaskRCNNConfig | None = None) -> TrainingPlan:
    """(RPN, Mask) x 3, 4+, all; from 16; long. Cost: 80 GPU hours. Expected: 61.6 %, 76.5 % at 4.88 FPPI."""
    rounds: tuple[Scope, ...] = ("rpn", "mask") * 3
    return _plan(_with_smallest_anchor(base, 16), _sequence(*rounds, "4+", "all", steps=LONG))


def sequence_4(base: MaskRCNNConfig | None = None) -> TrainingPlan:
    """(Mask, RPN), 4+ x 2, all x 2; from 16. Cost: 30 GPU hours. Expected: 56.8 %, 68.1 % at 4.09 FPPI."""
    phases = _sequence("mask", "rpn", "4+", "4+", "all", "all", steps=SHORT)
    return _plan(_with_smallest_anchor(base, 16), phases)


def sequence_5(base: MaskRCNNConfig | None = None) -> TrainingPlan:
    """(RPN, Mask), 4+ x 2, all x 2; from 16. Cost: 30 GPU hours. Expected: 54.7 %, 62.4 % at 3.84 FPPI."""
    phases = _sequence("rpn", "mask", "4+", "4+", "all", "all", steps=SHORT)
    return _plan(_with_smallest_anchor(base, 16), phases)


def sequence_6(base: MaskRCNNConfig | None = None) -> TrainingPlan:
    """(Mask, RPN), 4+ x 2, all x 2; from 32. Cost: 30 GPU hours. Expected: 57.5 %, 68.9 % at 3.91 FPPI."""
    phases = _sequence("mask", "rpn", "4+", "4+", "all", "all", steps=SHORT)
    return _plan(_with_smallest_anchor(base, 32), phases)


def sequence_7(base: MaskRCNNConfig | None = None) -> TrainingPlan:
    """(RPN, Mask), 4+ x 2, all x 2; from 32. Cost: 30 GPU hours. Expected: 58.9 %, 72.1 % at 3.59 FPPI."""
    phases = _sequence("rpn", "mask", "4+", "4+", "all", "all", steps=SHORT)
    return _plan(_with_smallest_anchor(base, 32), phases)
