"""Films that the server refused after a DICOM node had received them. A case with such a film is never negative."""

from typing import Any

from gateway.cases.models import Case
from gateway.images.models import Image
from lobule.contracts.case import ImageEvidence


def add(case: Case, image: Image) -> bool:
    """Add a refused film; returns False for a prior, which is not part of the conclusion.

    Args:
        case: Its case, locked.
        image: The image that was refused.
    """
    if case.study_date is not None and image.study_date is not None and image.study_date < case.study_date:
        return False
    film = {"modality": image.modality, "view": image.view, "laterality": image.laterality}
    case.refused_films = {**(case.refused_films or {}), image.sha256: film}
    return True


def remove(case: Case, image: Image) -> None:
    """Remove a refused film, because it is now part of the case."""
    if case.refused_films and image.sha256 in case.refused_films:
        case.refused_films = {sha256: film for sha256, film in case.refused_films.items() if sha256 != image.sha256}


def evidence_of(case: Case) -> list[ImageEvidence]:
    """The refused films as evidence: they could not be assessed."""
    return [_evidence(film) for film in (case.refused_films or {}).values()]


def _evidence(film: dict[str, Any]) -> ImageEvidence:
    return ImageEvidence(job_id="", file_name="DICOM", evidence="film", state="failed", **film)
