"""Runs a detector on films, and fits the calibration on its scores."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from lobule.contracts.result import Thresholds
from mammo_worker.calibration import (
    Calibration,
    Logistic,
    film_features,
    logit,
    sensitivity_threshold,
    specificity_threshold,
)
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.evaluation.metrics import FilmResult, froc, overlaps
from mammo_worker.films.prepare import prepare_film
from mammo_worker.inference import Detections, Detector
from mammo_worker.labels import BENIGN, MALIGNANT

LOW_SENSITIVITY = 0.98  # least share of malignant films above the low threshold
HIGH_SPECIFICITY = 0.90  # least share of benign breasts without a film at or above the high threshold


def run_detector(
    detector: Detector,
    cases: Iterable[AnnotatedFilm],
    progress: Callable[[int], None] = lambda _: None,
    refused: list[str] | None = None,
) -> list[FilmResult]:
    """Analyse every film; the results have no probabilities yet.

    Args:
        detector: The detector.
        cases: The films.
        progress: Called with the number of finished films.
        refused: Receives a line for each film that cannot be read; None to fail at the first one.
    """
    results: list[FilmResult] = []
    for number, case in enumerate(cases, start=1):
        try:
            film = case.read()
        except (FileNotFoundError, ValueError) as error:
            if refused is None:
                raise
            refused.append(f"{case.path or case.name}: {error}")
            continue
        results.append(result_of(case, detector(prepare_film(film, detector.canvas_size), film.shape[0])))
        progress(number)
    return results


def result_of(case: AnnotatedFilm, found: Detections) -> FilmResult:
    """What was found on a film beside what is known of it, without probabilities."""
    return FilmResult(
        case.name,
        case.patient,
        case.boxes.astype(np.float64),
        case.labels.astype(np.int64),
        case.malignant,
        found.boxes,
        found.scores,
        found.malignant,
        film_features(found),
        laterality=case.attributes.get("laterality", ""),
        view=case.attributes.get("view", ""),
    )


def working_score_at(films: Sequence[FilmResult], fppi: float) -> float:
    """The score from which findings are marked, at this number of false positives per film (IoU 0.2)."""
    return froc(films, "IoU >= 0.2").threshold_at(fppi)


def fit_calibration(
    films: Sequence[FilmResult], working_score: float, *, marks: Sequence[FilmResult] | None = None
) -> tuple[Calibration, Thresholds]:
    """Fit the calibration and thresholds of films.

    Args:
        films: Films that the network of the films' numbers has not learned from.
        working_score: Score from which a finding is marked.
        marks: Films that the network of the findings has not learned from, for the calibration of findings; None for
            `films`.

    Returns:
        The calibration, and the thresholds: `low` keeps `LOW_SENSITIVITY` of the malignant films above it, `high`
        leaves `HIGH_SPECIFICITY` of the benign breasts without a film at or above it, because one suspected film makes
        its breast suspected, and `finding` is the working threshold as a probability.

    Raises:
        ValueError: There are too few films or findings of a kind.
    """
    scores, hits, malignancy, kinds = [], [], [], []
    for film in films if marks is None else marks:
        table = overlaps(film.boxes, film.truth, "IoU >= 0.2")
        for i in range(len(film.boxes)):
            scores.append(film.scores[i])
            hits.append(bool(table[i].any()))
            if table[i].any() and film.labels[int(table[i].argmax())] in (BENIGN, MALIGNANT):
                malignancy.append(film.malignant[i])
                kinds.append(film.labels[int(table[i].argmax())] == MALIGNANT)
    known = [f for f in films if f.malignant_film is not None]
    truth = np.array([bool(f.malignant_film) for f in known])
    calibration = Calibration(
        mass=Logistic.fit(logit(np.array(scores)), np.array(hits)),
        malignant=Logistic.fit(logit(np.array(malignancy)), np.array(kinds)),
        # A more suspicious finding must never lower the suspicion of its film.
        film=Logistic.fit(np.stack([f.features for f in known]), truth, rising=True),
        working_score=working_score,
    )
    p = calibration.film(np.stack([f.features for f in known]))
    low = sensitivity_threshold(p.tolist(), truth.tolist(), LOW_SENSITIVITY)
    by_breast: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i, film in enumerate(known):
        by_breast[film.patient, film.laterality or film.name].append(i)
    most, malignant_breast = zip(*((p[of].max(), truth[of].any()) for of in by_breast.values()), strict=True)
    high = specificity_threshold(most, malignant_breast, HIGH_SPECIFICITY)
    working = float(calibration.mass(logit(calibration.working_score))[0])
    return calibration, Thresholds(low=min(low, high), high=max(low, high), finding=round(working, 4))


def with_probabilities(
    films: Sequence[FilmResult], calibration: Calibration, thresholds: Thresholds
) -> list[FilmResult]:
    """Add the calibrated probabilities of malignancy to films, and their assessments."""
    numbers = [float(calibration.film(f.features)[0]) for f in films]
    return [replace(f, probability=p, assessment=thresholds.assess(p)) for f, p in zip(films, numbers, strict=True)]
