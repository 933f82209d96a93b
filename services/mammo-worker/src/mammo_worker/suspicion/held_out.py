"""Calibrates films and breasts together on films that a detector has not learned from, and measures that by patient."""

from collections.abc import Sequence
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
        """What a package stores of breasts: their calibration, and the numbers that give the scale of a population."""
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
    """Films and breasts, each read by a calibration that was fitted without its patient."""

    films: list[FilmResult]
    breasts: list[ReadBreast]


def fit(films: Sequence[FilmResult], working_score: float) -> Fitted:
    """Calibrate films, findings and breasts, with all thresholds.

    Args:
        films: Films that the detector has not learned from.
        working_score: Score from which a finding is marked.

    Raises:
        ValueError: There are too few films for the calibration of films.
    """
    calibration, thresholds = fit_calibration(films, working_score)
    breasts = known_breasts(with_probabilities(films, calibration, thresholds))
    try:
        breast = fit_breast(breasts, thresholds.high)
    except ValueError:  # without views and sides, or with few breasts, the rule reads them
        breast = None
    return Fitted(calibration, thresholds, breast, breasts)


def without_each_patient(films: Sequence[FilmResult], working_score: float) -> CrossFitted:
    """Read every film and breast by a calibration that `fit` makes of all other patients.

    Args:
        films: Films that the detector has not learned from.
        working_score: Score from which a finding is marked.
    """
    read: list[FilmResult] = []
    breasts: list[ReadBreast] = []
    for patient in sorted({film.patient for film in films}):
        fitted = fit([film for film in films if film.patient != patient], working_score)
        own = [film for film in films if film.patient == patient]
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
