"""Has the films of a case read together once each of them is analysed.

A modality whose workers can do that says so (`read_together`). The films are asked for again whenever one is added,
analysed anew, corrected or removed; what was made of the films before is refused then.
"""

from collections.abc import Sequence
from datetime import date

from sqlalchemy.orm import Session

from gateway.cases import refused
from gateway.cases.examinations import Examination, examinations
from gateway.cases.models import Case
from gateway.jobs import on_request
from gateway.jobs import repository as jobs
from gateway.jobs.models import Job
from lobule.contracts.examination import AnalysedImage, ExaminationRequest
from lobule.contracts.progress import FINAL_STATES
from lobule.contracts.result import Laterality
from lobule.contracts.unit import ImageRole


def key_of(case_id: str) -> str:
    """The key under which the films of a case are read."""
    return f"case:{case_id}:examination"


def ask(session: Session, case: Case, analyses: Sequence[Job]) -> None:
    """Ask for the reading of a case's films, where every one of them is analysed or has failed.

    Args:
        session: The transaction; the case is locked in it.
        case: Whose films.
        analyses: The newest of each of its images.
    """
    places = examinations([job.image for job in analyses])
    films = [job for job in analyses if job.image.spec.read_together]
    current = [job for job in films if not places[job.image_id].is_prior]
    waiting = any(job.assessment is None and job.state not in FINAL_STATES for job in current)  # the last of them asks
    request = None if waiting else _request(films, places, case)
    if request is None:
        _forget(session, case)
        return
    newest = max((job for job in current if job.assessment is not None), key=lambda job: (job.created_at, job.id))
    on_request.ask_for_examination(
        session,
        case.owner_id,
        key_of(case.id),
        request,
        queue=newest.image.spec.queue,
        interactive=newest.step("inference").interactive,
    )


def _forget(session: Session, case: Case) -> None:
    """Delete the reading of other films than the case has now; its objects go with the next retention run."""
    work = jobs.examination(session, key_of(case.id))
    if work is not None:
        jobs.delete_works(session, [work.id])


def _request(films: Sequence[Job], places: dict[str, Examination], case: Case) -> ExaminationRequest | None:
    """What to read, the films of the latest examination first; None if no current film was analysed."""
    given: dict[ImageRole, list[AnalysedImage]] = {"current": [], "prior": []}
    newest_first = sorted(films, key=lambda job: places[job.image_id].date or date.max, reverse=True)
    for job in newest_first:
        if job.assessment is not None:
            role: ImageRole = "prior" if places[job.image_id].is_prior else "current"
            given[role].append(
                AnalysedImage(
                    job_id=job.id,
                    role=role,
                    image=job.image.info(),
                    key=job.image.object_key,
                    result_prefix=job.step("inference").output_prefix(),
                )
            )
    if not given["current"]:
        return None
    given["prior"] = _latest_of_same_views(given, {job.id: places[job.image_id].date for job in films})
    failed: list[Laterality | None] = [
        job.image.info().laterality for job in films if job.assessment is None and not places[job.image_id].is_prior
    ]
    failed.extend(film.laterality for film in refused.evidence_of(case))
    return ExaminationRequest(images=[*given["current"], *given["prior"]], failed=failed)


def _latest_of_same_views(
    given: dict[ImageRole, list[AnalysedImage]], dates: dict[str, date | None]
) -> list[AnalysedImage]:
    """The films of the latest earlier examination that has a current film's view: all are compared with one day."""
    shown = {(each.image.laterality, each.image.view) for each in given["current"]}
    same = [each for each in given["prior"] if (each.image.laterality, each.image.view) in shown]
    latest = max((day for each in same if (day := dates[each.job_id])), default=None)
    return [each for each in same if dates[each.job_id] == latest]
