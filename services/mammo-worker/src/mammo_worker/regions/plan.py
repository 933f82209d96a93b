"""How a region classifier is trained."""

from dataclasses import dataclass, field

from mammo_worker.regions.augment import RegionAugmentation
from mammo_worker.regions.network import RegionNetwork


@dataclass(frozen=True)
class RegionPlan:
    """A network and how it is trained.

    Attributes:
        network: What is trained.
        steps: Batches.
        batch: Regions per step.
        views: Augmentations of every region; each pass over the regions sees the next one.
        learning_rate: The largest; see `training.schedule.Schedule`.
        weight_decay: Decoupled (AdamW).
        warm_up: Steps.
        label_smoothing: Share of each target that goes to its opposite.
        augmentation: Of the regions.
        precision: Keras dtype policy of the backbone while training; it is always served in float32.
        seed: Of weights, order, augmentation and dropout.
    """

    network: RegionNetwork = field(default_factory=RegionNetwork)
    steps: int = 560
    batch: int = 32
    views: int = 8
    learning_rate: float = 1e-3
    weight_decay: float = 0.02
    warm_up: int = 40
    label_smoothing: float = 0.05
    augmentation: RegionAugmentation = field(default_factory=RegionAugmentation)
    precision: str = "float32"
    seed: int = 1
