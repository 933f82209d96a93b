"""The training plan of a detector in folds."""

from dataclasses import dataclass, field

from mammo_worker.detector.lesions import LesionChanges
from mammo_worker.detector.scanner import ScannerChanges
from mammo_worker.training.plan import TrainingPlan


@dataclass(frozen=True)
class DetectorPlan:
    """A network, its schedule, and the changes of films.

    Attributes:
        training: Network, phases, rates and geometric augmentation. Its contrast is ignored, because `scanner` replaces
            it.
        lesions: Probabilities of pasting and removing masses.
        scanner: Variation of the film's appearance.
        digital: Share of the films that are made to look digital (`films.looks.partly_digital`) instead of `scanner`.
    """

    training: TrainingPlan
    lesions: LesionChanges = field(default_factory=LesionChanges)
    scanner: ScannerChanges = field(default_factory=ScannerChanges)
    digital: float = 0.0
