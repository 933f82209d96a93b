"""Requests that the films of a case are read together once each of them is analysed.

A modality whose workers can do that says so (`read_together`). The films are asked for again whenever one is added,
analysed anew, corrected or removed; what was made of the films before is refused then.
"""

from collections.abc import Sequence
from datetime import date

from sqlalchemy.orm import Session

from gateway.cases import refused_films
from gateway.cases.comparison import NOT_COMPARED, Comparison
from gateway.cases.evidence import evidence_of, names_of, raised_breast
from gateway.cases.examinations import Examination as Place
from gateway.cases.examinations import current_date, examinations, recent_priors
from gateway.cases.models import Case
from gateway.cases.together import read_together
from gateway.images.identity import of_other_patients
from gateway.jobs import on_request
from gateway.jobs import repository as jobs
from gateway.jobs.models import Examination, Job
from gateway.jobs.queues.lanes import Requester
from lobule.contracts.examination import BreastState, SinceEarlier
from lobule.contracts.examination_request import AnalysedImage, ExaminationRequest, FailedPrior, ImageRole
from lobule.contracts.progress import FINAL_STATES, JobState
from lobule.contracts.result import Laterality, View


def key_of(case_id: str) -> str:
    """The key under which the films of a case are read."""
    return f"case:{case_id}:examination"


def case_of(work: Examination) -> str:
    """The id of the case whose films a work reads."""
    return work.key.split(":")[1]


def state_of(session: Session, case_id: str) -> JobState | None:
    """The state of the reading of a case's films; None if none is asked for."""
    work = jobs.examination(session, key_of(case_id))
    return work.state if work else None


def reading_of(session: Session, case_id: str) -> str:
    """A key of the joint reading that a report would contain now, or `failed`; empty while it is not finished."""
    work = jobs.examination(session, key_of(case_id))
    if work is None or work.state not in FINAL_STATES:
        return ""
    return f"{work.id[:8]}.{work.step('examination').attempt}" if work.state == "done" else "failed"


def comparison_of(session: Session, case_id: str, analyses: Sequence[Job]) -> Comparison:
    """The comparison of a case's films with those of earlier examinations.

    Args:
        session: The transaction.
        case_id: The case.
        analyses: The newest of each of its images.
    """
    work = jobs.examination(session, key_of(case_id))
    if work is None:
        return NOT_COMPARED
    request = ExaminationRequest.model_validate(work.request)
    if not request.failed_priors and not any(image.role == "prior" for image in request.images):
        return NOT_COMPARED
    if work.state != "done":
        return Comparison("failed" if work.state in FINAL_STATES else "awaited")
    names = names_of(analyses)
    earlier = {job.id: names[job.image_id] for job in analyses}
    return Comparison("done", SinceEarlier.model_validate(work.since or {}), earlier)


def is_awaited(session: Session, case_id: str) -> bool:
    """Whether a case's films are still being read together."""
    state = state_of(session, case_id)
    return state is not None and state not in FINAL_STATES


def has_failed(session: Session, case_id: str) -> bool:
    """Whether a case's films could not be read together."""
    return state_of(session, case_id) in FINAL_STATES - {"done"}


def breasts_of(session: Session, case_id: str, current: Sequence[Job]) -> list[BreastState]:
    """What the reading of a case's films says of its breasts; empty without a model.

    Before it is done, or if it failed, those of which the last one says more than each film does: a film that comes
    later does not lower the conclusion meanwhile.

    Args:
        session: The transaction.
        case_id: The case.
        current: The newest analysis of each image of the current examination.
    """
    work = jobs.examination(session, key_of(case_id))
    if work is not None and work.state == "done":
        return [BreastState.model_validate(state) for state in work.breasts or ()]
    former = {each.laterality: each for each in map(raised_breast, current) if each}
    return read_together(evidence_of(current), former.values()).raised


def remember(session: Session, case_id: str, analyses: Sequence[Job]) -> None:
    """Store with each film the joint reading of its breast, if it is more suspicious than each film by itself.

    It counts until the films are read together anew, and as what the film says once it is of an earlier examination.
    So does what was found on the film since earlier examinations.
    """
    work = jobs.examination(session, key_of(case_id))
    if work is None or work.state != "done":
        return
    found = SinceEarlier.model_validate(work.since or {})
    shown = {job.id: (job.image.laterality, job.image.view) for job in analyses}
    places = examinations([job.image for job in analyses])
    current = [job for job in analyses if not places[job.image_id].is_prior]
    raised = read_together(evidence_of(current), breasts_of(session, case_id, current)).raised
    for job in current:
        of_film = [breast.model_dump(mode="json") for breast in raised if breast.laterality == job.image.laterality]
        job.breasts = of_film if job.image.spec.read_together and of_film else None
        worse = [lesion for lesion in found.worse if job.id in lesion.marks]
        missed = [earlier for earlier in found.not_compared if shown.get(earlier) == shown[job.id]]
        job.since = SinceEarlier(worse=worse, not_compared=missed).model_dump(mode="json") if worse or missed else None


def request_reading(
    session: Session,
    case: Case,
    analyses: Sequence[Job],
    in_doubt: list[Laterality | None],
    requester: Requester | None = None,
) -> None:
    """Ask for the reading of a case's films, if every one of them is analysed or has failed.

    Args:
        session: The transaction; the case is locked in it.
        case: Whose films.
        analyses: The newest of each of its images. Earlier films that name another patient are not compared with.
        in_doubt: What keeps breasts from being called negative besides their films (`breasts_in_doubt`).
        requester: The user who changed the films; by default, the one who requested the newest analysis.
    """
    places = examinations([job.image for job in analyses])
    strangers = of_other_patients(session, [job.image for job in analyses])
    films = [
        job
        for job in analyses
        if job.image.spec.read_together and not (places[job.image_id].is_prior and job.image_id in strangers)
    ]
    current = [job for job in films if not places[job.image_id].is_prior]
    waiting = any(job.assessment is None and job.state not in FINAL_STATES for job in current)  # the last of them asks
    day = current_date([job.image for job in analyses])
    refused: list[Laterality | None] = [film.laterality for film in refused_films.evidence_of(session, case, day)]
    request = None if waiting else _request(films, places, refused, in_doubt)
    if request is None:
        _forget(session, case)
        return
    newest = max((job for job in current if job.assessment is not None), key=lambda job: (job.created_at, job.id))
    step = newest.step("inference")
    on_request.request_examination(
        session,
        case.owner_id,
        key_of(case.id),
        request,
        queue=newest.image.spec.queue,
        requester=requester or Requester(step.owner_id, step.interactive),
    )


def _forget(session: Session, case: Case) -> None:
    """Delete the reading of other films than the case has now; its objects go with the next retention run."""
    work = jobs.examination(session, key_of(case.id))
    if work is not None:
        jobs.delete_works(session, [work.id])


def _request(
    films: Sequence[Job],
    places: dict[str, Place],
    refused: Sequence[Laterality | None],
    in_doubt: list[Laterality | None],
) -> ExaminationRequest | None:
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
    recent = recent_priors([job.image for job in films])
    given["prior"] = _to_compare(given, {job.id for job in films if job.image_id in recent})
    failed: list[Laterality | None] = [
        job.image.info().laterality for job in films if job.assessment is None and not places[job.image_id].is_prior
    ]
    failed.extend(refused)
    return ExaminationRequest(
        images=[*given["current"], *given["prior"]],
        failed=failed,
        in_doubt=in_doubt,
        failed_priors=[
            each
            for job in films
            if places[job.image_id].is_prior and job.image_id not in recent  # a film that failed may have been repeated
            for each in _failed_prior(job)
        ],
    )


def _failed_prior(job: Job) -> list[FailedPrior]:
    """An earlier film of a screening view that could not be analysed; one that is still analysed asks again later."""
    image = job.image.info()
    if job.assessment is not None or job.state not in FINAL_STATES or image.laterality is None:
        return []
    return [
        FailedPrior(job_id=job.id, laterality=image.laterality, view=view)
        for view in ("CC", "MLO")
        if view == image.view
    ]


def _to_compare(given: dict[ImageRole, list[AnalysedImage]], recent: set[str]) -> list[AnalysedImage]:
    """The earlier films of a current film's view, in the order given.

    Films of an examination that the current one may be the work-up of, such as films repeated after a week, hide what
    has grown since the examination before. They are compared with only if no older film has their view.

    Args:
        given: What was analysed.
        recent: The analyses of such films.
    """
    shown = {_of_view(each) for each in given["current"]}
    older = {_of_view(each) for each in given["prior"] if each.job_id not in recent}
    return [
        each
        for each in given["prior"]
        if _of_view(each) in shown and (each.job_id not in recent or _of_view(each) not in older)
    ]


def _of_view(each: AnalysedImage) -> tuple[Laterality | None, View | None]:
    return each.image.laterality, each.image.view
