"""How a network is trained: a plan beside its `MaskRCNNConfig`."""

from dataclasses import dataclass, field
from typing import Literal

from lobule_ml.training.schedule import HalvingSchedule, LearningRate, Schedule
from mammo_worker.data.augment import Augmentation
from mammo_worker.nn.config import MaskRCNNConfig, TestTimeVariant

SOURCE_CANVAS = (800, 400)
"""Films are prepared no smaller than this, and scaled down from it."""
Scope = Literal["rpn", "mask", "backbone", "heads", "4+", "all"]


@dataclass(frozen=True)
class Phase:
    """A stretch of training.

    Attributes:
        steps: How many batches.
        canvas: Size of the films, or None for the network's own.
        scope: What is trained, in the words of the thesis' table 15.
    """

    steps: int
    canvas: tuple[int, int] | None = None
    scope: Scope = "all"


@dataclass(frozen=True)
class TrainingPlan:
    """A network and how it is trained.

    Attributes:
        network: What is trained.
        phases: In order; each goes on from the last one's weights.
        batch: Films per step.
        learning_rate: The largest.
        rate: How it goes: `cosine` rises over `warm_up` steps and falls over all phases, `constant` stays.
        optimiser: `adamw`, or `sgd` with a momentum of 0.9.
        weight_decay: Decoupled from the gradient, of either optimiser.
        clip_norm: Largest norm of the whole gradient.
        warm_up: Steps.
        augmentation: Of the films.
        seed: Of order and augmentation.
        average_momentum: Of the moving average of the weights, which is what is kept.
        average_every: Steps between its updates.
        precision: Keras dtype policy of backbone and pyramid while training; a network is always served in float32.
        variants: Test-time variants of the trained network; a single upright one where none is given.
        validate_every: Steps between two validations in the last phase, on a fifth of the training patients, which are
            then not learned from; 0 learns from all and validates nothing.
        patience: Validations without a smaller loss that end the training; 0 for none.
        keep: The weights of the last step, or those of the best validation.
    """

    network: MaskRCNNConfig
    phases: tuple[Phase, ...]
    batch: int = 8
    learning_rate: float = 5e-4
    rate: Literal["cosine", "constant"] = "cosine"
    optimiser: Literal["adamw", "sgd"] = "adamw"
    weight_decay: float = 1e-4
    clip_norm: float = 10.0
    warm_up: int = 50
    augmentation: Augmentation = field(default_factory=Augmentation)
    seed: int = 1
    average_momentum: float = 0.98
    average_every: int = 5
    precision: str = "float32"
    variants: tuple[TestTimeVariant, ...] = ()
    validate_every: int = 0
    patience: int = 0
    keep: Literal["last", "best"] = "last"

    def __post_init__(self) -> None:
        """Refuse what cannot be done."""
        if self.keep not in ("last", "best") or (not self.validate_every and (self.keep == "best" or self.patience)):
            raise ValueError("keep is last or best; best, and patience, need validations: --set validate_every=N")

    @property
    def test_time_variants(self) -> tuple[TestTimeVariant, ...]:
        """The variants, or a single upright one."""
        return self.variants or (TestTimeVariant(self.network.canvas),)

    @property
    def canvases(self) -> list[tuple[int, int]]:
        """Of the phases, in order."""
        return [phase.canvas or self.network.canvas for phase in self.phases]

    @property
    def source_canvas(self) -> tuple[int, int]:
        """Height and width at which films are prepared, so that no phase has to enlarge them."""
        sizes = [SOURCE_CANVAS, *self.canvases]
        return max(h for h, _ in sizes), max(w for _, w in sizes)

    def schedule(self) -> LearningRate:
        """The learning rate by step."""
        if self.rate == "constant":
            return HalvingSchedule(self.steps, self.learning_rate)
        return Schedule(self.steps, self.learning_rate, self.warm_up)

    @property
    def steps(self) -> int:
        """Of all phases together."""
        return sum(phase.steps for phase in self.phases)
