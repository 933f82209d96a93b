"""The model that ships: DenseNet-121, a pyramid of 128 channels from stride 8, films of 704 x 352.

Command, on PyTorch, whose bfloat16 convolutions are four times as fast as TensorFlow's float32 ones on CPUs that have
AVX512-BF16 (the weights are TensorFlow's all the same):

    KERAS_BACKEND=torch mammo-worker train standard --data DATA --weights WEIGHTS --out RUN
"""

from mammo_worker.configs.plan import Phase, TrainingPlan
from mammo_worker.data.augment import Augmentation
from mammo_worker.nn.config import MaskRCNNConfig
from mammo_worker.packages import ViewPlan

VIEWS = (ViewPlan((704, 352)), ViewPlan((512, 256), upside_down=True))
"""Two looks at a film, of two sizes; fused, they are worth far more than one."""


def network(canvas: tuple[int, int] = (704, 352)) -> MaskRCNNConfig:
    """The network: the stem and the first dense block keep their ImageNet weights, the rest is trained."""
    return MaskRCNNConfig(
        backbone="densenet121",
        frozen_blocks=2,
        canvas=canvas,
        pyramid_channels=128,
        strides=(8, 16, 32),
        proposal_stage="centre",
        rpn_nms=0.6,
        proposals_before_nms=200,
        proposals_before_nms_train=200,
        proposals_train=48,
        proposals_test=64,
        rois=32,
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
        phases=(Phase(1200, canvas=(512, 256)), Phase(480, canvas=(704, 352))),
        learning_rate=5e-4,
        weight_decay=0.02,
        warm_up=100,
        augmentation=Augmentation(scale=(0.75, 1.33), rotation=20.0, shift=0.08, contrast=0.35),
        precision="mixed_bfloat16",
    )
