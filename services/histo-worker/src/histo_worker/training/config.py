"""Settings of every training configuration."""

from dataclasses import dataclass
from typing import Literal, get_args

Final = Literal["all", "ensemble"]


@dataclass(frozen=True, kw_only=True)
class HistologyConfig:
    """Settings of every training.

    Attributes:
        name: Name of the model package.
        version: Version of the model package.
        magnifications: Magnifications of the training fields; those of unknown magnification are included, too.
        folds: Folds of the cross-validation.
        seeds: Seeds of the cross-validation's splits, one for each repetition.
        seed: Seed of initial weights, order, crops, augmentation and dropout.
        final: Network of the package: a classifier trained on all fields, or the ensemble of the folds' classifiers.
    """

    name: str
    version: str = "1.0.0"
    magnifications: tuple[str, ...] = ("40X", "100X", "200X", "400X")
    folds: int = 5
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    seed: int = 0
    final: Final = "all"

    def __post_init__(self) -> None:
        """Refuse an unknown `final`."""
        if self.final not in get_args(Final):
            raise ValueError(f"there is no final {self.final!r}; choose one of {', '.join(get_args(Final))}")

    @property
    def needs_magnification(self) -> bool:
        """Whether fields of unknown magnification are left out."""
        return False
