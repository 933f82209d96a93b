"""Reads tables of a detector's out-of-fold findings, and the evidence for their breasts.

The table of findings is that of `evaluate-detector`: film, patient, fold, x1, y1, x2, y2, score, malignant. A second
table with film and probability can provide the films' triage.
"""

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lobule_ml.calibration import Logistic, logit
from mammo_worker.calibration import Calibration
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.examination.films import MOST_FINDINGS
from mammo_worker.examination.lesions import MeasuredFilm
from mammo_worker.examination.pairing import pair_probabilities
from mammo_worker.examination.suspicion import BreastEvidence, FilmEvidence


@dataclass(frozen=True)
class FilmFindings:
    """Findings of a film, best first: boxes (N, 4) in film pixels, scores (N,) and malignancies (N,)."""

    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]
    malignant: NDArray[np.float64]


@dataclass(frozen=True)
class KnownBreast:
    """A breast of known truth, for fitting and measuring."""

    patient: str
    laterality: str
    evidence: BreastEvidence
    malignant: bool


def read_findings(path: Path) -> tuple[dict[str, FilmFindings], set[str]]:
    """Read findings by film, and the patients of the table.

    Raises:
        ValueError: A column is missing or a value is not a number.
    """
    rows: dict[str, list[list[float]]] = defaultdict(list)
    patients: set[str] = set()
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                numbers = [float(row[k]) for k in ("x1", "y1", "x2", "y2", "score", "malignant")]
                rows[row["film"]].append(numbers)
                patients.add(row["patient"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a table of findings: {error}") from None
    found: dict[str, FilmFindings] = {}
    for film, numbers in rows.items():
        table = np.array(sorted(numbers, key=lambda r: -r[4]))
        found[film] = FilmFindings(table[:, :4], table[:, 4], table[:, 5])
    return found, patients


def read_probabilities(path: Path) -> dict[str, float]:
    """Read probabilities by film.

    Raises:
        ValueError: A column is missing or a value is not a number.
    """
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            return {row["film"]: float(row["probability"]) for row in csv.DictReader(stream)}
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a table of films: {error}") from None


def known_breasts(
    cases: Sequence[AnnotatedFilm],
    measured: dict[str, MeasuredFilm],
    findings: dict[str, FilmFindings],
    calibration: Calibration,
    pairs: Logistic | None,
    probabilities: dict[str, float] | None = None,
) -> list[KnownBreast]:
    """Collect evidence and truth of every breast of some films.

    Args:
        cases: Films of the findings' patients.
        measured: The films with their landmarks.
        findings: Findings by film; a film without a row has none.
        calibration: Calibration of the detector, as for results.
        pairs: The pair model.
        probabilities: Probabilities of the films; without them, those of their most suspicious findings.
    """
    by_breast: dict[tuple[str, str], list[AnnotatedFilm]] = defaultdict(list)
    for case in cases:
        by_breast[case.patient, case.attributes["laterality"]].append(case)
    breasts: list[KnownBreast] = []
    for (patient, side), films in sorted(by_breast.items()):
        used = sorted((c for c in films if c.name in measured), key=lambda c: (c.attributes["view"], c.name))
        if not used:
            continue
        evidence = [_film(measured[c.name], findings.get(c.name), calibration, probabilities) for c in used]
        marks = [
            measured[c.name].marks(findings[c.name].boxes[:MOST_FINDINGS]) if c.name in findings else [] for c in used
        ]
        together = {
            (i, j): pair_probabilities(pairs, marks[i], marks[j])
            for i in range(len(used))
            for j in range(len(used))
            if pairs is not None and (evidence[i].view, evidence[j].view) == ("CC", "MLO")
        }
        truth = any(bool(c.malignant) for c in used)
        breasts.append(KnownBreast(patient, side, BreastEvidence(evidence, together), truth))
    return breasts


def _film(
    film: MeasuredFilm, found: FilmFindings | None, calibration: Calibration, probabilities: dict[str, float] | None
) -> FilmEvidence:
    suspicions = np.zeros(0)
    if found is not None:
        suspicions = calibration.mass(logit(found.scores)) * calibration.malignant(logit(found.malignant))
    probability = float(suspicions.max(initial=0.0))
    if probabilities is not None:
        probability = probabilities[film.case.name]
        suspicions = np.minimum(suspicions, probability)
    return FilmEvidence(film.anatomy.view, probability, suspicions[:MOST_FINDINGS])
