"""Calibrates films and breasts together on films that a detector has not learned from, and measures that by patient."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from lobule.contracts.result import Assessment, Thresholds
from mammo_worker.calibration import Calibration
from mammo_worker.evaluation.metrics import FilmResult
from mammo_worker.evaluation.run import fit_calibration, with_probabilities
from mammo_worker.suspicion.breast import BreastCalibration
from mammo_worker.suspicion.fit import KnownBreast, fit_breast, known_breasts


@dataclass(frozen=True)
class Fitted:
    """The calibration of a detector.

    Attributes:
        calibration: Calibration of films and findings.
        thresholds: Thresholds of films.
        breast: Calibration of breasts; None if there were too few with both views.
        breasts: The breasts of its films.
    """

    calibration: Calibration
    thresholds: Thresholds
    breast: BreastCalibration | None
    breasts: list[KnownBreast]

    def of_breasts(self) -> dict[str, Any]:
        """Values about breasts for a package: calibration, and the numbers that give the scale of a population."""
        if self.breast is None:
            return {}
        scale = {
            "probabilities": [round(self.breast(b.films), 5) for b in self.breasts],
            "malignant": [b.malignant for b in self.breasts],
        }
        return {"breast": self.breast.to_dict(), "scale": scale}


@dataclass(frozen=True)
class ReadBreast:
    """A breast of known truth with its number and assessment."""

    known: KnownBreast
    probability: float
    assessment: Assessment


@dataclass(frozen=True)
class CrossFitted:
    """Films and breasts, each read by a calibration that was fitted without its patient.

    Attributes:
        films: The films.
        breasts: Their breasts.
    """

    films: list[FilmResult]
    breasts: list[ReadBreast]


def fit(films: Sequence[FilmResult], working_score: float, *, marks: Sequence[FilmResult] | None = None) -> Fitted:
    """Calibrate films, findings and breasts, with all thresholds.

    Args:
        films: Films that the network of the films' numbers has not learned from.
        working_score: Score from which a finding is marked.
        marks: Films that the network of the findings has not learned from; None for `films`.

    Raises:
        ValueError: There are too few films for the calibration of films.
    """
    calibration, thresholds = fit_calibration(films, working_score, marks=marks)
    breasts = known_breasts(with_probabilities(films, calibration, thresholds))
    try:
        breast = fit_breast(breasts, thresholds.high)
    except ValueError:  # without views and sides, or with few breasts, the rule reads them
        breast = None
    return Fitted(calibration, thresholds, breast, breasts)


def cross_fitted(
    films: Sequence[FilmResult],
    working_score: float,
    *,
    part_of: Callable[[str], Hashable] = str,
    marks: Sequence[FilmResult] | None = None,
) -> CrossFitted:
    """Read every film and breast by a calibration that `fit` makes of the patients of all other parts.

    Args:
        films: Films that the network of the films' numbers has not learned from.
        working_score: Score from which a finding is marked.
        part_of: The part of a patient, such as a fold; by default, each patient is a part.
        marks: As for `fit`.
    """
    read: list[FilmResult] = []
    breasts: list[ReadBreast] = []
    parts = {film.patient: part_of(film.patient) for film in films}
    for part in dict.fromkeys(parts[patient] for patient in sorted(parts)):
        others = [film for film in films if parts[film.patient] != part]
        of_marks = None if marks is None else [film for film in marks if part_of(film.patient) != part]
        fitted = fit(others, working_score, marks=of_marks)
        own = [film for film in films if parts[film.patient] == part]
        assessed = with_probabilities(own, fitted.calibration, fitted.thresholds)
        read += assessed
        breasts += read_breasts(known_breasts(assessed), fitted.breast)
    return CrossFitted(read, breasts)


def read_breasts(breasts: Sequence[KnownBreast], calibration: BreastCalibration | None) -> list[ReadBreast]:
    """The numbers and assessments of breasts; none without a calibration."""
    if calibration is None:
        return []
    numbers = [calibration(b.films) for b in breasts]
    return [ReadBreast(b, p, calibration.thresholds.assess(p)) for b, p in zip(breasts, numbers, strict=True)]
