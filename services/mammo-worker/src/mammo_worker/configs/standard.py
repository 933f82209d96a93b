"""The shipped model: DenseNet-121, a pyramid of 128 channels from stride 8, films of 704 x 352.

Command, on PyTorch, whose bfloat16 convolutions take less than half the time of float32 ones on CPUs with AVX512-BF16
(the weights also load in TensorFlow):

    KERAS_BACKEND=torch mammo-worker train standard --data DATA --weights WEIGHTS --out RUN

Cost: 1.6 s a step at 512 x 256 and 2.7 s at 704 x 352 on one core, about an hour in all; 0.2 s a film to detect on two,
both variants included. Expected result: `docs/results/mammography.md`.
"""

from dataclasses import replace

from mammo_worker.configs import light
from mammo_worker.data.augment import Augmentation
from mammo_worker.nn.config import BackboneConfig, MaskRCNNConfig, TestTimeVariant
from mammo_worker.training.plan import Phase, TrainingPlan


def network(canvas: tuple[int, int] = (704, 352)) -> MaskRCNNConfig:
    """The light network with a larger backbone, whose stem and first dense block keep their ImageNet weights."""
    base = light.network(canvas)
    return replace(
        base,
        backbone=BackboneConfig("densenet121", frozen_blocks=2),
        pyramid=replace(base.pyramid, channels=128),
        rois=replace(base.rois, samples=32),
    )


def plan() -> TrainingPlan:
    """Train on small films first, at half the cost per step, then at the served size."""
    return TrainingPlan(
        network=network(),
        phases=(Phase(1200, canvas=(512, 256)), Phase(480, canvas=(704, 352))),
        learning_rate=5e-4,
        weight_decay=0.02,
        warm_up=100,
        augmentation=Augmentation(scale=(0.75, 1.33), rotation=20.0, shift=0.08, contrast=0.35),
        precision="mixed_bfloat16",
        # Two fused variants of two sizes are far better than one, see the document of results.
        variants=(TestTimeVariant((704, 352)), TestTimeVariant((512, 256), upside_down=True)),
    )
