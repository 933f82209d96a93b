"""Validation during a training, and its early end."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isfinite

import keras

Measures = dict[str, float]


@dataclass(frozen=True)
class Validation:
    """How a training is validated, always with the weights that would be kept.

    Attributes:
        measure: Measures of the model by name, on examples that it does not learn from; it must change nothing.
        every: Steps between two validations.
        monitor: Which measure judges; less is better.
        patience: Validations in a row without a new best one that end the training; 0 lets it go on to its last step.
    """

    measure: Callable[[keras.Model], Measures]
    every: int
    monitor: str = "loss"
    patience: int = 0


@dataclass
class Best:
    """The best validation so far.

    Attributes:
        value: Of the monitored measure; infinite before the first validation.
        step: Where it was; 0 before the first validation.
        since: Validations since then.
    """

    value: float = inf
    step: int = 0
    since: int = 0

    def judge(self, value: float, step: int) -> bool:
        """Take in a validation: whether it is the best; one that is no number never is."""
        if isfinite(value) and value < self.value:
            self.value, self.step, self.since = value, step, 0
            return True
        self.since += 1
        return False

    def is_enough(self, validation: Validation | None) -> bool:
        """Whether the training ends early."""
        return validation is not None and 0 < validation.patience <= self.since
