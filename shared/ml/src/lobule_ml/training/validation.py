"""Validation during a training, and early stopping."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isfinite

import keras

Measures = dict[str, float]


@dataclass(frozen=True)
class Validation:
    """How a training is validated, always with the averaged weights.

    Attributes:
        measure: Returns measures by name, on examples outside the training set; it must not change the model.
        every: Steps between two validations.
        monitor: Name of the decisive measure; smaller is better.
        patience: Number of successive validations without improvement that ends the training; 0 for no early stop.
    """

    measure: Callable[[keras.Model], Measures]
    every: int
    monitor: str = "loss"
    patience: int = 0


@dataclass
class Best:
    """The best validation so far.

    Attributes:
        value: Value of the monitored measure; infinite before the first validation.
        step: Step of that validation; 0 before the first one.
        since: Number of validations since then.
    """

    value: float = inf
    step: int = 0
    since: int = 0

    def judge(self, value: float, step: int) -> bool:
        """Count a validation and return whether it is the best; NaN never is."""
        if isfinite(value) and value < self.value:
            self.value, self.step, self.since = value, step, 0
            return True
        self.since += 1
        return False

    def is_enough(self, validation: Validation | None) -> bool:
        """Whether the training stops early."""
        return validation is not None and 0 < validation.patience <= self.since
