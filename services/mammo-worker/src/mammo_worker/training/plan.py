"""The training plan of a network, in addition to its `MaskRCNNConfig`."""

from dataclasses import dataclass, field
from typing import Literal

from lobule_ml.training.schedule import HalvingSchedule, LearningRate, Schedule
from mammo_worker.data.augment import Augmentation
from mammo_worker.nn.config import MaskRCNNConfig, TestTimeVariant

SOURCE_CANVAS = (800, 400)
"""Least height and width at which films are prepared; smaller canvases are scaled down from it."""
Scope = Literal["rpn", "mask", "backbone", "heads", "4+", "all"]


@dataclass(frozen=True)
class Phase:
    """A phase of a training.

    Attributes:
        steps: Number of batches.
        canvas: Size of the films; None for the network's own.
        scope: Trained part of the network, with the names of the thesis' table 15.
    """

    steps: int
    canvas: tuple[int, int] | None = None
    scope: Scope = "all"


@dataclass(frozen=True)
class TrainingPlan:
    """A network and its training.

    Attributes:
        network: Configuration of the network.
        phases: Phases in order; each continues from the last one's weights.
        batch: Number of films per step.
        learning_rate: The largest learning rate.
        rate: Schedule: `cosine` increases over `warm_up` steps and decreases over all phases, `constant` does not
            change.
        optimiser: `adamw`, or `sgd` with a momentum of 0.9.
        weight_decay: Weight decay, decoupled from the gradient for both optimisers.
        clip_norm: Largest norm of the whole gradient.
        warm_up: Number of warm-up steps.
        augmentation: Augmentation of the films.
        seed: Seed of new weights, of the patients for validation, of order and augmentation.
        average_momentum: Momentum of the weights' moving average, which is the result.
        average_every: Steps between its updates.
        precision: Keras dtype policy of backbone and pyramid in training; inference is always in float32.
        variants: Test-time variants of the trained network; by default a single upright one.
        validate_every: Steps between two validations in the last phase, on a fifth of the training patients, which are
            excluded from training; 0 trains on all patients without validation.
        patience: Number of validations without a smaller loss that ends the training; 0 for no early stop.
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
        """Refuse an inconsistent plan."""
        if self.keep not in ("last", "best") or (not self.validate_every and (self.keep == "best" or self.patience)):
            raise ValueError("keep is last or best; best, and patience, need validations: --set validate_every=N")

    @property
    def test_time_variants(self) -> tuple[TestTimeVariant, ...]:
        """The variants; by default a single upright one."""
        return self.variants or (TestTimeVariant(self.network.canvas),)

    @property
    def canvases(self) -> list[tuple[int, int]]:
        """The canvases of the phases, in order."""
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
        """Number of steps of all phases."""
        return sum(phase.steps for phase in self.phases)
