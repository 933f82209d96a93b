"""A smaller model than the standard one: EfficientNet-Lite0, a pyramid of 96 channels from stride 8, 576 x 288.

Command: `mammo-worker train light --data ../shared/data --weights ../shared/weights --out RUN`

Cost: 2 to 4 s a step at 448 x 224 and 5 to 8 s at 576 x 288 on two shared cores, about an hour; 0.5 s a film to detect
with both views. Expected result: `docs/results/mammography.md`.
"""

from mammo_worker.nn.config import (
    BackboneConfig,
    BoxHeadConfig,
    CentreStageConfig,
    DetectionConfig,
    MaskHeadConfig,
    MaskRCNNConfig,
    MatcherConfig,
    PyramidConfig,
    RoiConfig,
    SelectionConfig,
    TestTimeVariant,
    TriageConfig,
)
from mammo_worker.training.plan import Phase, TrainingPlan


def network(canvas: tuple[int, int] = (576, 288)) -> MaskRCNNConfig:
    """The network: blocks up to stride 4 keep their ImageNet weights, all others are trained."""
    selection = SelectionConfig(nms=0.6, before=200, before_train=200, kept=64, kept_train=48)
    return MaskRCNNConfig(
        canvas=canvas,
        backbone=BackboneConfig("efficientnet_lite0", frozen_blocks=3),
        pyramid=PyramidConfig(channels=96, strides=(8, 16, 32)),
        proposals=CentreStageConfig(selection=selection),
        rois=RoiConfig(matcher=MatcherConfig(negative=0.4), samples=24, sampling=1),
        box=BoxHeadConfig(context=1.5, units=256),
        mask=MaskHeadConfig("weak", convs=2, channels=64),
        triage=TriageConfig("sparse"),
        detections=DetectionConfig(limit=20, voting=0.5),
    )


def plan() -> TrainingPlan:
    """Train on small films first, at half the cost per step, then at the served size."""
    return TrainingPlan(
        network=network(),
        phases=(Phase(500, canvas=(448, 224)), Phase(210, canvas=(576, 288))),
        learning_rate=6e-4,
        variants=(TestTimeVariant((576, 288)), TestTimeVariant((576, 288), upside_down=True)),
    )
