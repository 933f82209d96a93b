"""The training plan of the search for calcifications."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SearchPlan:
    """A network and its training.

    Attributes:
        widths: Channels of the network at strides 1, 2, 4 and 8.
        window: Side of a training window in pixels of `tissue.SPACING`; a multiple of the network's stride.
        calcified: Windows of crops of calcifications in a batch.
        pasted: Windows of masses with a pasted group of calcifications.
        textured: Windows of masses with pasted texture of another mass, which is no calcification.
        plain: Unchanged windows of masses.
        steps: Number of batches.
        learning_rate: The largest rate; see `training.schedule.Schedule`.
        weight_decay: Decoupled weight decay (AdamW).
        warm_up: Number of warm-up steps.
        precision: Keras dtype policy in training; inference is always in float32.
        seed: Seed of weights and windows.
    """

    widths: tuple[int, int, int, int] = (16, 32, 64, 96)
    window: int = 192
    calcified: int = 5
    pasted: int = 5
    textured: int = 3
    plain: int = 3
    steps: int = 3000
    learning_rate: float = 2e-3
    weight_decay: float = 1e-3
    warm_up: int = 100
    precision: str = "float32"
    seed: int = 1
