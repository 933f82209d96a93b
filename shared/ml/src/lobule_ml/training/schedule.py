"""Schedules of the learning rate."""

from dataclasses import dataclass
from math import cos, pi
from typing import Protocol


class LearningRate(Protocol):
    """A learning rate by step, and the number of steps."""

    @property
    def steps(self) -> int:
        """Number of batches of the whole training."""
        ...

    def at(self, step: int) -> float:
        """The rate at `step`, counted from 0."""
        ...


@dataclass(frozen=True)
class Schedule:
    """Cosine decay over all steps; during the first ones, times a linear warm-up.

    Attributes:
        steps: Number of batches of the whole training.
        learning_rate: The rate from which the cosine decays.
        warm_up: Steps over which the factor rises to 1; at the first step, it is one over their number.
        floor: Fraction of that rate to which the cosine decays.
    """

    steps: int
    learning_rate: float
    warm_up: int = 50
    floor: float = 0.02

    def at(self, step: int) -> float:
        """The rate at `step`, counted from 0."""
        rise = min(1.0, (step + 1) / max(self.warm_up, 1))
        share = min(1.0, step / max(self.steps, 1))
        return self.learning_rate * rise * (self.floor + (1 - self.floor) * 0.5 * (1 + cos(pi * share)))


@dataclass(frozen=True)
class HalvingSchedule:
    """A learning rate that is halved at given steps.

    Attributes:
        steps: Number of batches of the whole training.
        learning_rate: The initial rate.
        halve_at: Steps from which the rate is halved.
    """

    steps: int
    learning_rate: float
    halve_at: tuple[int, ...] = ()

    def at(self, step: int) -> float:
        """The rate at `step`, counted from 0."""
        return self.learning_rate * 0.5 ** sum(step >= halving for halving in self.halve_at)
