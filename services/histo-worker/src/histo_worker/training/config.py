"""Settings that every training configuration has."""

from dataclasses import dataclass
from typing import Literal, get_args

Final = Literal["all", "ensemble"]


@dataclass(frozen=True, kw_only=True)
class HistologyConfig:
    """Settings of every training.

    Attributes:
        name: Name of the model package.
        version: Version of the model package.
        magnifications: What is learned from; fields without a known magnification are always among it.
        folds: Folds of the cross-validation.
        seeds: Of the cross-validation's splits, a repetition each.
        seed: Of initial weights, order, crops, augmentation and dropout.
        final: What goes into the package: a classifier trained on all fields, or the ensemble of the folds' own.
    """

    name: str
    version: str = "1.0.0"
    magnifications: tuple[str, ...] = ("40X", "100X", "200X", "400X")
    folds: int = 5
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    seed: int = 0
    final: Final = "all"

    def __post_init__(self) -> None:
        """Refuse what is not known."""
        if self.final not in get_args(Final):
            raise ValueError(f"there is no final {self.final!r}; there are {', '.join(get_args(Final))}")
