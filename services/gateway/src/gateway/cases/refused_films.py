"""Films that the server did not add to a case since they name another patient. Such a case is never negative.

A program that sends films has told its own sender that they arrived. The film is therefore kept apart from the case's
images until somebody says where it belongs (`gateway.corrections.exclusion`). Of a film that was refused before films
were kept apart there is only a note in the case's row, which somebody may dismiss.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from gateway.cases.models import Case
from gateway.images import repository as images
from gateway.images.models import Image
from lobule.contracts.case import ImageEvidence


def notes(case: Case) -> dict[str, dict[str, Any]]:
    """The notes of films whose files were not stored, by the SHA-256 of the file."""
    return case.refused_films or {}


def forget(case: Case, sha256: str) -> bool:
    """Forget the note of a film; returns whether there was one.

    Args:
        case: The film's case, locked.
        sha256: SHA-256 of the film's file.
    """
    if sha256 not in notes(case):
        return False
    case.refused_films = {other: film for other, film in notes(case).items() if other != sha256}
    return True


def evidence_of(session: Session, case: Case, day: date | None) -> list[ImageEvidence]:
    """The films that were not added as evidence: they could not be assessed.

    Args:
        session: The transaction.
        case: Case of the films.
        day: Day of the current examination. A film of an earlier day is a prior, which is not part of the conclusion.
    """
    noted = [_evidence(**film) for film in notes(case).values()]
    return noted + [_evidence(film.modality, film.view, film.laterality) for film in _current(session, case, day)]


def _current(session: Session, case: Case, day: date | None) -> Sequence[Image]:
    films = images.apart_from(session, case.id)
    return [film for film in films if day is None or film.study_date is None or film.study_date >= day]


def _evidence(modality: str, view: Any, laterality: Any) -> ImageEvidence:
    return ImageEvidence(
        job_id="",
        file_name="DICOM",
        evidence="film",
        state="failed",
        modality=modality,
        view=view,
        laterality=laterality,
    )
