"""Calibrates scores to probabilities, fitted only on the validation patients."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lobule_ml.calibration import Logistic, logit
from mammo_worker.inference import Detections


@dataclass(frozen=True)
class Calibration:
    """Maps the network's scores to a result's probabilities.

    Attributes:
        mass: From the logit of a finding's score to the probability that it is a mass (IoU from 0.2 on).
        malignant: From the logit of a finding's malignancy to the probability that it is malignant, given that it is a
            mass.
        film: From `film_features` to the probability that a malignant mass is on the film.
        working_score: Findings with a lower score are weak, and are not marked by default.
    """

    mass: Logistic
    malignant: Logistic
    film: Logistic
    working_score: float

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-compatible values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Calibration":
        """Restore a calibration from `to_dict`; other keys are ignored."""
        parts = {k: Logistic(tuple(values[k]["weights"]), values[k]["bias"]) for k in ("mass", "malignant", "film")}
        return cls(**parts, working_score=float(values["working_score"]))


def film_features(found: Detections) -> NDArray[np.float64]:
    """Features (2,) of a film: the most malignant finding, and the triage head's most malignant instance."""
    return np.array([float(logit(found.suspicion)), float(logit(float(found.instance_map.max())))])


def cap_suspicion(suspicion: NDArray[np.float64], film_probability: float) -> NDArray[np.float64]:
    """Cap the suspicions (N,) of a film's findings, so that no finding is more suspicious than its film.

    A malignant finding makes the film malignant, so a film's probability is at least that of any of its findings. The
    two are calibrated separately and can contradict this. The findings are changed, not the film: on the validation
    patients (105 films, 137 marked findings, package 2.0.0) capping the findings improved their own figures (AUC 0.840
    to 0.842, log loss 0.423 to 0.415, Brier score 0.128 to 0.125), while raising the films to their strongest marked
    finding made those of the films worse (AUC 0.840 to 0.830, log loss 0.463 to 0.473, Brier score 0.150 to 0.154). The
    film's probability, and with it thresholds and AUC, do not change. `bench/mammo_cap.py` measures the installed
    package.

    Args:
        suspicion: Calibrated probability of each finding that it is a malignant mass.
        film_probability: Calibrated probability that a malignant mass is on the film.
    """
    return np.minimum(suspicion, film_probability)


def sensitivity_threshold(probabilities: Sequence[float], positive: Sequence[bool], sensitivity: float) -> float:
    """The largest threshold that still finds the required share of the positives."""
    hits = np.sort(np.asarray(probabilities)[np.asarray(positive, bool)])
    if len(hits) == 0:
        raise ValueError("no positive film to set a threshold on")
    return float(hits[int(np.floor((1 - sensitivity) * len(hits)))])


def specificity_threshold(probabilities: Sequence[float], positive: Sequence[bool], specificity: float) -> float:
    """The smallest threshold that leaves the required share of the negatives below it."""
    misses = np.sort(np.asarray(probabilities)[~np.asarray(positive, bool)])
    if len(misses) == 0:
        raise ValueError("no negative film to set a threshold on")
    at = min(len(misses) - 1, int(np.ceil(specificity * len(misses))))
    return float(misses[at])
