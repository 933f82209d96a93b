"""Measures a detector on films of other laboratories: mini-MIAS, with normal films, and CDD-CESM, with digital ones."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lobule.contracts.result import Assessment
from mammo_worker.evaluation.metrics import FilmResult, bootstrap, froc, match_film
from mammo_worker.evaluation.summary import markdown_table

ROUNDS = 1000
WANTED_SENSITIVITY = 0.85  # sensitivity for mini-MIAS' masses at which marks on normal films are counted

Measure = Callable[[Sequence[FilmResult]], float]


def measure_mini_mias(films: Sequence[FilmResult], normal: set[str], working_score: float) -> list[dict[str, Any]]:
    """Measure marks, sensitivity by centre hit, and the share of films with no sign of malignancy.

    Args:
        films: All films with their assessment.
        normal: Names of the normal films.
        working_score: Score from which a finding is marked.
    """
    count = len(normal)
    cancers = [f for f in films if f.malignant_film]
    masses = sum(len(f.truth) for f in films)

    def cleared(chosen: Callable[[FilmResult], bool]) -> Measure:
        return lambda some: share_cleared([f for f in some if chosen(f)])

    def marks(some: Sequence[FilmResult], score: float) -> float:
        per_film = [float((f.scores >= score).sum()) for f in some if f.name in normal]
        return float(np.mean(per_film)) if per_film else float("nan")

    data = "mini-MIAS"
    return [
        _row(
            data, f"marks a normal film, {count} films", "working threshold", films, lambda s: marks(s, working_score)
        ),
        _row(data, f"sensitivity, {masses} masses", "working threshold", films, lambda s: _found(s, working_score)),
        _row(
            data,
            f"marks a normal film, {count} films",
            f"threshold that finds {WANTED_SENSITIVITY:g} of the masses",
            films,
            lambda s: marks(s, _score_that_finds(s, WANTED_SENSITIVITY)),
        ),
        _row(data, f"{count} normal films, no sign", "share", films, cleared(lambda f: f.name in normal)),
        _row(
            data,
            f"{len(cancers)} films with a cancer, no sign",
            "share",
            films,
            cleared(lambda f: bool(f.malignant_film)),
        ),
    ]


def measure_digital(films: Sequence[FilmResult]) -> list[dict[str, Any]]:
    """Measure the sensitivity for masses on CDD-CESM's low-energy images, by false marks per film."""
    masses = sum(len(f.truth) for f in films)
    return [
        _row(
            "CDD-CESM",
            f"sensitivity at {at:g} false marks a film, {masses} masses",
            rule,
            films,
            _sensitivity(rule, at),
        )
        for rule in ("IoU >= 0.2", "centre hit")
        for at in (0.5, 1.0, 2.0)
    ]


def _sensitivity(rule: Any, fppi: float) -> Measure:
    return lambda films: froc(films, rule).at(fppi)


def _row(data: str, metric: str, rule: str, films: Sequence[FilmResult], of: Measure) -> dict[str, Any]:
    low, high = bootstrap(films, of, ROUNDS)
    return {
        "data": f"{data}, {len(films)} films of {len({f.patient for f in films})} patients",
        "metric": metric,
        "rule": rule,
        "value": round(of(films), 4),
        "interval_95": [round(low, 4), round(high, 4)],
    }


def share_cleared(films: Sequence[FilmResult]) -> float:
    """The share of films with no sign of malignancy; NaN without a film."""
    if not films:
        return float("nan")
    clear: Assessment = "no_sign_of_malignancy"
    return float(np.mean([f.assessment == clear for f in films]))


def _first_scores(films: Sequence[FilmResult]) -> list[float]:
    """The score of the first finding whose centre is in each mass; 0 for a mass without one."""
    scores: list[float] = []
    for film in films:
        finds, _ = match_film(film, "centre hit")
        by_mass = {int(mass): float(score) for mass, score in zip(finds, film.scores, strict=True) if mass >= 0}
        scores += [by_mass.get(mass, 0.0) for mass in range(len(film.truth))]
    return scores


def _found(films: Sequence[FilmResult], score: float) -> float:
    scores = _first_scores(films)
    return float(np.mean([s >= score for s in scores])) if scores else float("nan")


def _score_that_finds(films: Sequence[FilmResult], sensitivity: float) -> float:
    """The highest score from which at least this share of the masses is found; 0 if there is none."""
    scores = sorted(_first_scores(films), reverse=True)
    needed = int(np.ceil(sensitivity * len(scores) - 1e-9))
    return scores[needed - 1] if needed else 0.0


def elsewhere_document(name: str, trained_on: str, rows: Sequence[dict[str, Any]]) -> str:
    """Write `docs/results/mammography-elsewhere.md`.

    Args:
        name: Name of the package or the run, with its version.
        trained_on: Description of its training data.
        rows: Rows of both data sets.
    """
    cesm = ""
    if "CDD-CESM" in trained_on:
        cesm = (
            "\nThis detector has learned from these images of CDD-CESM, so their figures are too good and show only "
            "that digital films\nare read at all.\n"
        )
    return f"""# Mammography on other films

Made by `mammo-worker measure-elsewhere`; do not edit by hand. Measured: {name}.

It was trained on: {trained_on}
{cesm}
mini-MIAS: half of its patients, scanned films of another laboratory; nothing was trained, calibrated or chosen there.
A mass is found where the centre of a finding lies in its square. A film is told "no sign" below the package's lower
threshold. CDD-CESM: low-energy digital images of contrast-enhanced mammography that show a mass.
Intervals: 95 %, bootstrap over patients, {ROUNDS:,} rounds; a threshold that is set on the masses is set in each round.

{markdown_table(rows)}"""
