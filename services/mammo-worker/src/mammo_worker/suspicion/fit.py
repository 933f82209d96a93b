"""Fits the number of a breast on films that the detector has not learned from."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lobule.contracts.result import Assessment, Thresholds
from lobule_ml.calibration import Logistic
from mammo_worker.calibration import sensitivity_threshold, specificity_threshold
from mammo_worker.evaluation.metrics import FilmResult
from mammo_worker.evaluation.run import HIGH_SPECIFICITY
from mammo_worker.suspicion.breast import BreastCalibration, BreastModel, FilmEvidence, view_values

LOW_SENSITIVITY = 0.98
"""Least share of malignant breasts above the lower threshold, as the maximum of two views, the rule before, kept."""
_LEAST = 20  # least number of breasts with two views for fitting a model


@dataclass(frozen=True)
class KnownBreast:
    """A breast of known truth, with the evidence of its films."""

    patient: str
    laterality: str
    films: tuple[FilmEvidence, ...]
    malignant: bool

    @property
    def views(self) -> int:
        """Number of views with a film."""
        return len({film.view for film in self.films})


def known_breasts(films: Sequence[FilmResult]) -> list[KnownBreast]:
    """Collect the breasts of assessed films of known truth; films of other views than CC and MLO are left out.

    Args:
        films: Films with probability and assessment.
    """
    by_breast: dict[tuple[str, str], list[FilmResult]] = defaultdict(list)
    for film in films:
        if film.malignant_film is not None and film.laterality and film.view in ("CC", "MLO"):
            by_breast[film.patient, film.laterality].append(film)
    return [
        KnownBreast(patient, side, tuple(map(_evidence, own)), any(film.malignant_film for film in own))
        for (patient, side), own in sorted(by_breast.items())
    ]


def _evidence(film: FilmResult) -> FilmEvidence:
    view: Literal["CC", "MLO"] = "CC" if film.view == "CC" else "MLO"
    least: Assessment = "no_sign_of_malignancy"
    if film.assessment == "malignancy_suspected":
        least = film.assessment
    return FilmEvidence(view, film.probability or 0.0, least)


def fit_breast(breasts: Sequence[KnownBreast], suspicious: float) -> BreastCalibration:
    """Fit a model that increases with suspicion, and its thresholds.

    The lower threshold keeps `LOW_SENSITIVITY` of the malignant breasts above it, the upper one `HIGH_SPECIFICITY` of
    the benign breasts below it.

    Args:
        breasts: Breasts with their truth; those with one view fit one part, those with two the other.
        suspicious: Probability from which a film counts as suspicious.

    Raises:
        ValueError: There are too few breasts with two views, or of one class only.
    """
    two = [b for b in breasts if b.views == 2]
    if len(two) < _LEAST or len({b.malignant for b in two}) < 2:
        raise ValueError(f"at least {_LEAST} breasts with two views are needed, of both classes; there are {len(two)}")
    # Each view of a breast with two is used as a breast with one, which stabilises the part for one view.
    single = np.array([[value] for b in breasts for value in view_values(b.films).values()])
    means = np.array([[np.mean(list(view_values(b.films).values()))] for b in two])
    model = BreastModel(
        one=Logistic.fit(single, np.array([b.malignant for b in breasts for _ in view_values(b.films)]), rising=True),
        two=Logistic.fit(means, np.array([b.malignant for b in two]), rising=True),
        suspicious=suspicious,
    )
    numbers, truth = [model(b.films) for b in breasts], [b.malignant for b in breasts]
    low = sensitivity_threshold(numbers, truth, LOW_SENSITIVITY)
    high = specificity_threshold(numbers, truth, HIGH_SPECIFICITY)
    return BreastCalibration(model, Thresholds(low=min(low, high), high=max(low, high)))
