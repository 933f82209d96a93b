"""The life cycle of a job: opened, claimed, completed or failed, retried, cancelled.

`gateway.jobs.on_request` opens all work other than analyses.
"""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from gateway.clock import now
from gateway.database import new_id
from gateway.errors import ProblemError
from gateway.events import publish
from gateway.images.models import Image
from gateway.jobs import repository
from gateway.jobs.events import AnalysisChanged, AnalysisEnded, ExaminationChanged, ExaminationEnds
from gateway.jobs.models import Examination, Job, Opinion, Rendering, Step, Work
from gateway.jobs.queues import repository as queues
from gateway.jobs.queues.quotas import Quota
from gateway.modalities.service import required
from gateway.settings import GatewaySettings
from lobule.contracts.case import RenderRequest
from lobule.contracts.examination import ExaminationReading
from lobule.contracts.examination_request import ExaminationRequest
from lobule.contracts.notices import TO_CHECK
from lobule.contracts.progress import FINAL_STATES, JobState
from lobule.contracts.region import RegionRequest
from lobule.contracts.result import Result
from lobule.contracts.steps import (
    AnalysisUnit,
    Claim,
    ExaminationClaim,
    Failure,
    InferenceClaim,
    RegionClaim,
    RenderClaim,
    ReportClaim,
    StepName,
    UnitImage,
)
from lobule.limits import MAX_ANALYSES
from lobule.queueing import REPORT_QUEUE

_LONGEST_PAUSE_S = 60.0


def open_job(session: Session, image: Image, queue: str, quota: Quota, *, interactive: bool) -> Job:
    """Start the analysis of an image: creates job, steps and the first announcement in the session's transaction.

    Args:
        session: The transaction.
        image: The image to analyse.
        queue: Queue of the image's modality.
        quota: Quota of the user who requests it.
        interactive: Whether a person waits for it at the portal; see `gateway.jobs.queues.lanes`.

    Raises:
        ProblemError: `queue_full`, 429.
    """
    quota.take(session)
    job = Job(id=new_id(), image=image, owner_id=image.owner_id, state="queued", token_id=quota.token_id)
    own = {"job_id": job.id, "owner_id": quota.user_id, "interactive": interactive, "attempt": 0, "tries": 0}
    inference = Step(name="inference", position=0, queue=queue, **own)
    report = Step(name="report", position=1, queue=REPORT_QUEUE, state="waiting", **own)
    job.steps = [inference, report]
    queues.enqueue(session, inference)
    inference.asked_at = inference.queued_at
    session.add(job)
    session.flush()
    publish(session, AnalysisChanged(job))
    return job


def open_another(session: Session, image: Image, quota: Quota, *, interactive: bool) -> Job:
    """Start one more analysis of an image; see `open_job`.

    Raises:
        ProblemError: `too_many_analyses` (409), `queue_full` (429) or `unknown_modality` (422).
    """
    if repository.number_of_image(session, image.id) >= MAX_ANALYSES:
        raise ProblemError(409, "too_many_analyses", values={"most": MAX_ANALYSES})
    return open_job(session, image, required(session, image.modality).queue, quota, interactive=interactive)


def claim_next(
    session: Session, settings: GatewaySettings, queue: str, worker: str, without: Sequence[StepName] = ()
) -> Claim | None:
    """Assign the next step of a queue to a worker; None if none waits, except steps named in `without`."""
    step = queues.claim_next(session, queue, worker, timedelta(seconds=settings.lease_seconds), without)
    return step and _claim(settings, step)


def claim(session: Session, settings: GatewaySettings, job_id: str, name: StepName, worker: str) -> Claim | None:
    """Assign one step to a worker; None if it cannot be claimed."""
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
        return InferenceClaim(**common, unit=AnalysisUnit(images=(subject,)))
    inference = work.step("inference")
    assert inference.finished_at is not None, "a report step is queued after the inference ended"
    return ReportClaim(**common, result_prefix=inference.output_prefix(), analysed_at=inference.finished_at)


def complete(
    session: Session,
    job_id: str,
    name: StepName,
    attempt: int,
    result: Result | ExaminationReading | None,
    files: dict[str, str],
) -> bool:
    """Complete an attempt; False if it is not the current one.

    Args:
        session: The transaction.
        job_id: The job.
        name: The step.
        attempt: The number of the attempt.
        result: Result of the inference step, or of the reading of an examination; None for other steps.
        files: SHA-256 of the attempt's files by their names, if its worker stated them.
    """
    _announce_end(session, job_id, name)
    step = repository.end(session, job_id, name, attempt, "done")
    if step is None:
        return False
    if files:
        step.files = (step.files or {}) | {str(attempt): files}
    job = step.job
    if isinstance(result, Result):
        assert isinstance(job, Job), "only an analysis has a result"
        job.assessment, job.probability_malignant = result.assessment, result.shown_probability
        job.finding_assessment = result.finding_assessment()
        noticed = {notice.code for notice in result.notices}
        job.unlike_training = "unlike_training" in noticed
        job.map_disagrees = not noticed.isdisjoint(TO_CHECK["map"])
        # A retry of the inference renders again, whatever the report's state was.
        report = job.step("report")
        report.tries, report.asked_at = 0, step.asked_at
        queues.enqueue(session, report)
        publish(session, AnalysisChanged(job))
    else:
        if isinstance(result, ExaminationReading):
            assert isinstance(job, Examination), "only an examination is read together"
            job.since = result.findings_since().model_dump(mode="json")
            leading = result.leading()
            job.leading = leading.model_dump(mode="json") if leading else None
            job.breasts = [state.model_dump(mode="json") for state in result.states()]
        job.state, job.finished_at = "done", now()
        job.set_error(None)
        _publish_change(session, job, ended=True)
    return True


def _announce_end(session: Session, job_id: str, name: StepName) -> None:
    """Publish that an attempt at the reading of an examination is about to end."""
    work = repository.work_by_id(session, job_id) if name == "examination" else None
    if isinstance(work, Examination):
        publish(session, ExaminationEnds(work))


def _publish_change(session: Session, work: Work, *, ended: bool = False) -> None:
    """Publish that an analysis, or the reading of an examination, has ended or was started again."""
    if isinstance(work, Examination):
        publish(session, ExaminationChanged(work))
    if isinstance(work, Job):
        publish(session, AnalysisChanged(work))
        if ended:
            publish(session, AnalysisEnded(work))


def fail(session: Session, settings: GatewaySettings, job_id: str, name: StepName, failure: Failure) -> bool:
    """Fail an attempt; False if it is not the current one. A temporary failure is retried, within the budget."""
    _announce_end(session, job_id, name)
    step = repository.end(session, job_id, name, failure.attempt, "failed")
    if step is None:
        return False
    if failure.retryable and step.tries < settings.max_attempts:
        queues.enqueue(session, step, after=pause_before(step.tries, settings.retry_pause_s))
    else:
        _finish(session, step.job, "failed", failure.code, failure.reason, failure.values, failure.detail)
    return True


def pause_before(tries: int, first_s: float) -> timedelta:
    """The pause before a step is retried after a temporary failure: longer each time, and randomised.

    Args:
        tries: How often it was tried.
        first_s: The mean pause after the first try; at most a minute later.
    """
    mean = min(first_s * 2 ** (tries - 1), _LONGEST_PAUSE_S)
    return timedelta(seconds=mean * random.uniform(0.5, 1.5))  # noqa: S311 - spreads, hides nothing


def reap(session: Session, settings: GatewaySettings, step: Step) -> None:
    """Take a step back from a lost worker: queue it again, or park the job if its attempts are used up."""
    if step.tries < settings.max_attempts:
        queues.enqueue(session, step)
        return
    step.state, step.finished_at, step.lease_expires_at = "failed", now(), None
    _finish(session, step.job, "dead", "worker_lost", "tries", {"count": step.tries})


def end_overdue(session: Session, step: Step) -> None:
    """Fail a job past its deadline at the step where it waits or runs. Its worker is told at its next heartbeat."""
    step.state, step.finished_at, step.lease_expires_at = "failed", now(), None
    _finish(session, step.job, "failed", "deadline_passed")


def retry(session: Session, job: Work, quota: Quota | None = None) -> None:
    """Retry a job from the step that failed, with a new budget of attempts.

    Args:
        session: The transaction.
        job: The failed job.
        quota: Quota of the user who requests it; None for an administrator, who retries accepted work.

    Raises:
        ProblemError: `job_not_failed` (409) or `queue_full` (429).
    """
    if job.state not in ("failed", "dead", "cancelled"):
        raise ProblemError(409, "job_not_failed", "state", values={"state": job.state})
    if quota is not None:
        quota.take(session)
        job.token_id = quota.token_id
        for each in job.steps:
            each.owner_id = quota.user_id
    step = next(step for step in job.steps if step.state != "done")
    job.state, job.finished_at = "queued", None
    job.set_error(None)
    for later in job.steps:
        if later.position > step.position:
            later.state = "waiting"
    queues.request_step(session, step)
    _publish_change(session, job)


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
    _publish_change(session, job, ended=True)
