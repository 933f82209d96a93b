"""The training plan of a region classifier."""

from dataclasses import dataclass, field

from mammo_worker.regions.augment import RegionAugmentation
from mammo_worker.regions.network import RegionNetwork


@dataclass(frozen=True)
class RegionPlan:
    """A network and its training.

    Attributes:
        network: Architecture of the network.
        steps: Number of batches.
        batch: Number of regions per step.
        views: Number of augmentations of every region; each epoch uses the next one.
        learning_rate: The largest rate; see `training.schedule.Schedule`.
        weight_decay: Decoupled weight decay (AdamW).
        warm_up: Number of warm-up steps.
        label_smoothing: Share of each target that is moved to its opposite.
        augmentation: Augmentation of the regions.
        precision: Keras dtype policy of the backbone in training; inference is always in float32.
        seed: Seed of weights, order, augmentation and dropout.
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
