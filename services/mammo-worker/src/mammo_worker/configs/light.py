"""A smaller model than the standard one: EfficientNet-Lite0, a pyramid of 96 channels from stride 8, 576 x 288.

Command: `mammo-worker train light --data ../shared/data --weights ../shared/weights --out RUN`

Cost: 2 to 4 s a step at 448 x 224 and 5 to 8 s at 576 x 288 on two shared cores, about an hour; 0.5 s a film to detect
with both views. Expected result: `docs/results/mammography.md`.
"""

from mammo_worker.configs.plan import Phase, TrainingPlan
from mammo_worker.nn.config import MaskRCNNConfig, ViewPlan


def network(canvas: tuple[int, int] = (576, 288)) -> MaskRCNNConfig:
    """The network: blocks up to stride 4 keep their ImageNet weights, the rest is trained."""
    return MaskRCNNConfig(
        backbone="efficientnet_lite0",
        frozen_blocks=3,
        canvas=canvas,
        pyramid_channels=96,
        strides=(8, 16, 32),
        proposal_stage="centre",
        rpn_nms=0.6,
        proposals_before_nms=200,
        proposals_before_nms_train=200,
        proposals_train=48,
        proposals_test=64,
        rois=24,
        match_negative=0.4,
        mask_supervision="weak",
        roi_context=1.5,
        box_sampling=1,
        box_head_units=256,
        mask_convs=2,
        mask_channels=64,
        detections=20,
        box_voting=0.5,
        mil="sparse",
    )


def plan() -> TrainingPlan:
    """Small films first, where a step costs half, then the size that is served."""
    return TrainingPlan(
        network=network(),
        phases=(Phase(500, canvas=(448, 224)), Phase(210, canvas=(576, 288))),
        learning_rate=6e-4,
        views=(ViewPlan((576, 288)), ViewPlan((576, 288), upside_down=True)),
    )
