"""The life cycle of a job: opened, claimed, completed or failed, retried, cancelled."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from gateway.clock import now
from gateway.errors import ProblemError
from gateway.events import publish
from gateway.images.models import Image
from gateway.jobs import repository
from gateway.jobs.events import AnalysisChanged, AnalysisEnded
from gateway.jobs.models import Examination, Job, Opinion, Rendering, Step, Work
from gateway.jobs.queues import repository as queues
from gateway.modalities.service import required
from gateway.settings import GatewaySettings
from lobule.contracts.case import RenderRequest
from lobule.contracts.examination import ExaminationRequest
from lobule.contracts.progress import FINAL_STATES, JobState
from lobule.contracts.region import RegionRequest
from lobule.contracts.result import Result
from lobule.contracts.steps import (
    Claim,
    ExaminationClaim,
    Failure,
    InferenceClaim,
    RegionClaim,
    RenderClaim,
    ReportClaim,
    StepName,
)
from lobule.contracts.unit import AnalysisUnit, UnitImage
from lobule.queueing import REPORT_QUEUE


def open_job(session: Session, image: Image, *, interactive: bool, token_id: str | None = None) -> Job:
    """Start the analysis of an image: creates job, steps and the first announcement in the session's transaction.

    Args:
        session: The transaction.
        image: What to analyse.
        interactive: Whether a person waits for it at the portal; see `gateway.jobs.queues.lanes`.
        token_id: Of the API token that it was sent with; it counts against the token's quota.

    Raises:
        ProblemError: `unknown_modality`, 422.
    """
    lane = {"owner_id": image.owner_id, "interactive": interactive, "attempt": 0, "tries": 0}
    inference = Step(name="inference", position=0, queue=required(session, image.modality).queue, **lane)
    report = Step(name="report", position=1, queue=REPORT_QUEUE, state="waiting", **lane)
    job = Job(image=image, owner_id=image.owner_id, state="queued", steps=[inference, report], token_id=token_id)
    session.add(job)
    session.flush()
    queues.enqueue(session, inference)
    publish(session, AnalysisChanged(job))
    return job


def open_rendering(session: Session, owner_id: str, key: str, request: RenderRequest) -> Rendering:
    """Request a rendering that a user waits for from the report service, in the session's transaction.

    Args:
        session: The transaction.
        owner_id: For whom.
        key: Names exactly what is rendered; there is never a second rendering of the same key.
        request: What to render.
    """
    step = Step(name="render", position=0, queue=REPORT_QUEUE, owner_id=owner_id, interactive=True, attempt=0, tries=0)
    document = request.model_dump(mode="json")
    rendering = Rendering(owner_id=owner_id, key=key, request=document, state="queued", steps=[step])
    session.add(rendering)
    session.flush()
    queues.enqueue(session, step)
    return rendering


def ask_for_examination(
    session: Session, owner_id: str, key: str, request: ExaminationRequest, *, queue: str, interactive: bool
) -> None:
    """Have the films of a case read together, unless exactly that was asked for already.

    An attempt that is under way for other films is fenced: the step waits anew, and only its next attempt counts.

    Args:
        session: The transaction; the case is locked in it.
        owner_id: For whom.
        key: Names the case; there is never a second reading of the same key.
        request: Which films.
        queue: Of the films' modality.
        interactive: Whether a person waits for it at the portal.
    """
    document = request.model_dump(mode="json")
    work = repository.for_update(session, repository.examination(session, key))
    if work is None:
        step = Step(name="examination", position=0, queue=queue, owner_id=owner_id, attempt=0, tries=0)
        work = Examination(owner_id=owner_id, key=key, request=document, state="queued", steps=[step])
        session.add(work)
        session.flush()
    elif work.request == document:
        return
    _ask_again(session, work, document, interactive=interactive)


def ask_for_opinion(session: Session, owner_id: str, key: str, request: RegionRequest, *, queue: str) -> Opinion:
    """Have an opinion given of a region that a reader drew, unless exactly that was asked for and has not failed.

    Args:
        session: The transaction; the case is locked in it.
        owner_id: For whom, who waits for it at the portal.
        key: Names the region; there is never a second opinion of the same key.
        request: The region.
        queue: Of the image's modality.
    """
    document = request.model_dump(mode="json")
    work = repository.for_update(session, repository.opinion(session, key))
    if work is None:
        step = Step(name="region", position=0, queue=queue, owner_id=owner_id, attempt=0, tries=0)
        work = Opinion(owner_id=owner_id, key=key, request=document, state="queued", steps=[step])
        session.add(work)
        session.flush()
    elif work.request == document and (work.state == "done" or work.state not in FINAL_STATES):
        return work
    _ask_again(session, work, document, interactive=True)
    return work


def claim_next(
    session: Session, settings: GatewaySettings, queue: str, worker: str, without: Sequence[StepName] = ()
) -> Claim | None:
    """Give the next step of a queue to a worker; None where nothing waits, or only steps named in `without`."""
    step = queues.claim_next(session, queue, worker, timedelta(seconds=settings.lease_seconds), without)
    return step and _claim(settings, step)


def claim(session: Session, settings: GatewaySettings, job_id: str, name: StepName, worker: str) -> Claim | None:
    """Give one step to a worker; None where there is nothing to do."""
    step = repository.claim(session, job_id, name, worker, timedelta(seconds=settings.lease_seconds))
    return step and _claim(settings, step)


def _claim(settings: GatewaySettings, step: Step) -> Claim:
    work = step.job
    work.state = "running"
    common = {
        "job_id": step.job_id,
        "attempt": step.attempt,
        "lease_seconds": settings.lease_seconds,
        "request_id": step.job.request_id,
        "traceparent": step.job.traceparent,
        "output_prefix": step.output_prefix(),
    }
    if isinstance(work, Rendering):
        return RenderClaim(**common, render=RenderRequest.model_validate(work.request))
    if isinstance(work, Examination):
        return ExaminationClaim(**common, examination=ExaminationRequest.model_validate(work.request))
    if isinstance(work, Opinion):
        return RegionClaim(**common, region=RegionRequest.model_validate(work.request))
    assert isinstance(work, Job), "a work is an analysis, a rendering, an examination or an opinion"
    if step.name == "inference":
        image = work.image
        subject = UnitImage(image_id=image.id, image=image.info(), key=image.object_key)
        return InferenceClaim(**common, unit=AnalysisUnit(images=[subject]))
    inference = work.step("inference")
    assert inference.finished_at is not None, "a report step is queued after the inference ended"
    return ReportClaim(**common, result_prefix=inference.output_prefix(), analysed_at=inference.finished_at)


def complete(session: Session, job_id: str, name: StepName, attempt: int, result: Result | None) -> bool:
    """Complete an attempt; False where it is not the current one.

    Args:
        session: The transaction.
        job_id: The job.
        name: The step.
        attempt: The number of the attempt.
        result: What the inference step concluded.
    """
    step = repository.end(session, job_id, name, attempt, "done")
    if step is None:
        return False
    job = step.job
    if result is not None:
        assert isinstance(job, Job), "only an analysis has a result"
        job.assessment, job.probability_malignant = result.assessment, result.probability_malignant
        job.finding_assessment = result.finding_assessment()
        # A retry of the inference renders again, whatever the report's state was.
        report = job.step("report")
        report.tries = 0
        queues.enqueue(session, report)
        publish(session, AnalysisChanged(job))
    else:
        job.state, job.finished_at = "done", now()
        job.set_error(None)
        if isinstance(job, Job):
            publish(session, AnalysisChanged(job))
            publish(session, AnalysisEnded(job))
    return True


def fail(session: Session, settings: GatewaySettings, job_id: str, name: StepName, failure: Failure) -> bool:
    """Fail an attempt; False where it is not the current one. A temporary failure is retried, within the budget."""
    step = repository.end(session, job_id, name, failure.attempt, "failed")
    if step is None:
        return False
    if failure.retryable and step.tries < settings.max_attempts:
        queues.enqueue(session, step)
    else:
        _finish(session, step.job, "failed", failure.code, failure.reason, failure.values, failure.detail)
    return True


def reap(session: Session, settings: GatewaySettings, step: Step) -> None:
    """Take a step back from a lost worker: queue it again, or park the job if its attempts are used up."""
    if step.tries < settings.max_attempts:
        queues.enqueue(session, step)
        return
    step.state, step.finished_at, step.lease_expires_at = "failed", now(), None
    _finish(session, step.job, "dead", "worker_lost", "tries", {"count": step.tries})


def retry(session: Session, job: Work) -> None:
    """Retry a job from the step that failed, with a new budget of attempts.

    Raises:
        ProblemError: `job_not_failed`, 409.
    """
    if job.state not in ("failed", "dead", "cancelled"):
        raise ProblemError(409, "job_not_failed", "state", values={"state": job.state})
    step = next(step for step in job.steps if step.state != "done")
    step.tries = 0
    job.state, job.finished_at = "queued", None
    job.set_error(None)
    for later in job.steps:
        if later.position > step.position:
            later.state = "waiting"
    queues.enqueue(session, step)
    if isinstance(job, Job):
        publish(session, AnalysisChanged(job))


def repeat(session: Session, rendering: Rendering, request: RenderRequest) -> None:
    """Render again, whether or not it failed; files of earlier attempts stay.

    Args:
        session: The transaction.
        rendering: One that has ended.
        request: The request as this version of the program writes it.
    """
    _ask_again(session, rendering, request.model_dump(mode="json"), interactive=True)


def _ask_again(
    session: Session, work: Rendering | Examination | Opinion, document: dict[str, Any], *, interactive: bool
) -> None:
    """Queue the only step of a work anew, with a new budget of attempts."""
    [step] = work.steps
    step.tries, step.interactive = 0, interactive
    work.request = document
    work.state, work.finished_at = "queued", None
    work.set_error(None)
    queues.enqueue(session, step)


def cancel(session: Session, job: Work) -> None:
    """Stop a job. Its worker is told at its next heartbeat.

    Raises:
        ProblemError: `job_finished`, 409.
    """
    if job.state in FINAL_STATES:
        raise ProblemError(409, "job_finished", "state", values={"state": job.state})
    for step in job.steps:
        if step.state in ("waiting", "queued", "running"):
            step.state, step.finished_at, step.lease_expires_at = "cancelled", now(), None
    _finish(session, job, "cancelled", "cancelled")


def _finish(
    session: Session,
    job: Work,
    state: JobState,
    code: str,
    reason: str | None = None,
    values: dict[str, Any] | None = None,
    detail: str | None = None,
) -> None:
    job.state, job.finished_at = state, now()
    job.set_error(code, reason, values, detail)
    if isinstance(job, Job):
        publish(session, AnalysisChanged(job))
        publish(session, AnalysisEnded(job))
