"""Maps a probability to a score from 1 to 10 by the limits of a population."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

STEPS = 10


@dataclass(frozen=True)
class Population:
    """How suspicious the cases of a population are.

    Attributes:
        name: `enriched`, `screening`, or a site's own.
        prevalence: Share of its cases with cancer.
        limits: (STEPS - 1,), rising: the probabilities that part it into ten parts of equal size.
        cases: How many it was measured on.
    """

    name: str
    prevalence: float
    limits: tuple[float, ...]
    cases: int

    def place(self, probability: float) -> int:
        """1 for the least suspicious tenth, 10 for the most; never lower for a larger probability."""
        return 1 + int(np.searchsorted(np.array(self.limits), probability, side="right"))

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Population":
        """From JSON.

        Raises:
            KeyError, TypeError, ValueError: It is none.
        """
        limits = tuple(float(v) for v in values["limits"])
        if len(limits) != STEPS - 1 or list(limits) != sorted(limits):
            raise ValueError(f"a population has {STEPS - 1} rising limits")
        return cls(str(values["name"]), float(values["prevalence"]), limits, int(values["cases"]))


def population_of(
    name: str, probabilities: NDArray[np.floating], malignant: NDArray[np.bool_], prevalence: float
) -> Population:
    """The limits of a population with another share of cancers than the cases at hand.

    Cases are weighted so that cancers have the population's share.

    Args:
        name: Of the population.
        probabilities: (N,), what is said of each case.
        malignant: (N,), the truth.
        prevalence: Share of cancers in the population.

    Raises:
        ValueError: A class has no case.
    """
    cancers = int(malignant.sum())
    if not 0 < cancers < len(malignant):
        raise ValueError("cases with and without cancer are needed")
    weights = np.where(malignant, prevalence / cancers, (1 - prevalence) / (len(malignant) - cancers))
    order = np.argsort(probabilities, kind="stable")
    shares = np.cumsum(weights[order])
    at = np.searchsorted(shares, np.arange(1, STEPS) / STEPS - 1e-12)
    limits = np.asarray(probabilities, np.float64)[order][np.minimum(at, len(order) - 1)]
    return Population(name, prevalence, tuple(float(v) for v in limits), len(malignant))
