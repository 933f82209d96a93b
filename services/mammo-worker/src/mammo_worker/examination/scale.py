"""The meaning of a number in a population: the probability of cancer at its prevalence, and a score from 1 to 10."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lobule.contracts.examination import PopulationName, Standing
from lobule_ml.calibration import logit, sigmoid

STEPS = 10
SCREENING_PREVALENCE = 0.006
"""Share of screening examinations in which a cancer is found."""


@dataclass(frozen=True)
class Population:
    """The distribution of suspicion in a population.

    Attributes:
        name: `enriched`, `screening`, or a site's own.
        prevalence: Share of its cases with cancer.
        fitted_prevalence: Prevalence among the cases on which the probabilities were calibrated.
        limits: Ascending calibrated probabilities (STEPS - 1,) that divide it into ten equal parts.
        cases: Number of measured cases.
    """

    name: PopulationName
    prevalence: float
    fitted_prevalence: float
    limits: tuple[float, ...]
    cases: int

    def place(self, probability: float) -> int:
        """The tenth of a probability: 1 for the least suspicious, 10 for the most; increases with the probability."""
        return 1 + int(np.searchsorted(np.array(self.limits), probability, side="right"))

    def probability(self, probability: float) -> float:
        """The probability of cancer at this prevalence, if findings are as informative as in the measured cases."""
        if not 0.0 < probability < 1.0:
            return probability
        odds = np.log(probability / (1 - probability))
        return float(sigmoid(odds + logit(self.prevalence) - logit(self.fitted_prevalence)))

    def standing(self, probability: float) -> Standing:
        """The meaning of a calibrated probability in this population."""
        return Standing(
            population=self.name,
            prevalence=self.prevalence,
            probability_malignant=self.probability(probability),
            place=self.place(probability),
        )


def populations_of(values: dict[str, Any], site_prevalence: float | None) -> tuple[Population, ...]:
    """The populations with which numbers are compared.

    Args:
        values: `scale` in the calibration of a package: numbers of cases of known truth.
        site_prevalence: Share of the site's examinations with cancer; None if unknown.

    Raises:
        KeyError, TypeError, ValueError: The content is invalid.
    """
    p, malignant = np.array(values["probabilities"], np.float64), np.array(values["malignant"], bool)
    if p.shape != malignant.shape or p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise ValueError("a scale has a probability and a truth for each case")
    shares: dict[PopulationName, float | None] = {
        "enriched": float(malignant.mean()),
        # Both breasts hardly ever have cancer, so the share of breasts is half of that of examinations.
        "screening": SCREENING_PREVALENCE / 2,
        "site": None if site_prevalence is None else site_prevalence / 2,
    }
    return tuple(population_of(name, p, malignant, share) for name, share in shares.items() if share is not None)


def population_of(
    name: PopulationName, probabilities: NDArray[np.floating], malignant: NDArray[np.bool_], prevalence: float
) -> Population:
    """A population with another prevalence than the measured cases.

    Cases are weighted so that cancers have the population's share.

    Args:
        name: Name of the population.
        probabilities: Probabilities (N,) of the cases.
        malignant: Truth (N,) of the cases.
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
