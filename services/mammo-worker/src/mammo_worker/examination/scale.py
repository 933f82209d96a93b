"""What a number means in a population: the probability of cancer at its prevalence, and a score from 1 to 10."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lobule.contracts.examination import PopulationName, Standing
from lobule_ml.calibration import logit, sigmoid

STEPS = 10
SCREENING_PREVALENCE = 0.006
"""Share of the examinations of screening in which a cancer is found."""


@dataclass(frozen=True)
class Population:
    """How suspicious the cases of a population are.

    Attributes:
        name: `enriched`, `screening`, or a site's own.
        prevalence: Share of its cases with cancer.
        fitted_prevalence: The same of the cases that the probabilities were calibrated on.
        limits: (STEPS - 1,), rising: the probabilities, as calibrated, that part it into ten parts of equal size.
        cases: How many it was measured on.
    """

    name: PopulationName
    prevalence: float
    fitted_prevalence: float
    limits: tuple[float, ...]
    cases: int

    def place(self, probability: float) -> int:
        """1 for the least suspicious tenth, 10 for the most; never lower for a larger probability."""
        return 1 + int(np.searchsorted(np.array(self.limits), probability, side="right"))

    def probability(self, probability: float) -> float:
        """The probability of cancer at this prevalence, where findings are as telling as among the cases at hand."""
        if not 0.0 < probability < 1.0:
            return probability
        odds = np.log(probability / (1 - probability))
        return float(sigmoid(odds + logit(self.prevalence) - logit(self.fitted_prevalence)))

    def standing(self, probability: float) -> Standing:
        """What a calibrated probability means in it."""
        return Standing(
            population=self.name,
            prevalence=self.prevalence,
            probability_malignant=self.probability(probability),
            place=self.place(probability),
        )


def populations_of(values: dict[str, Any], site_prevalence: float | None) -> tuple[Population, ...]:
    """The populations that numbers are compared with.

    Args:
        values: `scale.json`: numbers of cases of known truth.
        site_prevalence: Share of the site's examinations with cancer; None where nobody has said it.

    Raises:
        KeyError, TypeError, ValueError: It is none.
    """
    p, malignant = np.array(values["probabilities"], np.float64), np.array(values["malignant"], bool)
    if p.shape != malignant.shape or p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise ValueError("a scale has a probability and a truth for each case")
    shares: dict[PopulationName, float | None] = {
        "enriched": float(malignant.mean()),
        # Of two breasts, hardly ever both have cancer: half of the examinations' share is that of breasts.
        "screening": SCREENING_PREVALENCE / 2,
        "site": None if site_prevalence is None else site_prevalence / 2,
    }
    return tuple(population_of(name, p, malignant, share) for name, share in shares.items() if share is not None)


def population_of(
    name: PopulationName, probabilities: NDArray[np.floating], malignant: NDArray[np.bool_], prevalence: float
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
    own = cancers / len(malignant)
    return Population(name, prevalence, own, tuple(float(v) for v in limits), len(malignant))
