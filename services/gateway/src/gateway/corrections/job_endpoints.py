"""`/api/v1/jobs/{id}`: starting an analysis again, and stopping it, unless another reader has claimed its case."""

from fastapi import APIRouter, Request

from gateway.audit.service import record
from gateway.auth.dependencies import CurrentUser
from gateway.corrections.removal import lock
from gateway.database import DbSession
from gateway.errors import responses
from gateway.jobs import service
from gateway.jobs.dependencies import VisibleJob
from gateway.jobs.queues.quotas import Quota
from gateway.jobs.schemas import JobRead

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])


@router.post("/{job_id}/retry", responses=responses(401, 403, 404, 409, 412, 429))
def retry_job(job: VisibleJob, user: CurrentUser, session: DbSession, request: Request) -> JobRead:
    """Retry a job that failed, died or was cancelled, from the step where it ended."""
    lock(session, job.image, user, None)
    service.retry(session, job, Quota.of_request(request, user))
    record(session, request, user, "job.retry", "job", job.id)
    return JobRead.of(job)


@router.post("/{job_id}/cancel", responses=responses(401, 403, 404, 409, 412))
def cancel_job(job: VisibleJob, user: CurrentUser, session: DbSession, request: Request) -> JobRead:
    """Cancel a job."""
    lock(session, job.image, user, None)
    service.cancel(session, job)
    record(session, request, user, "job.cancel", "job", job.id)
    return JobRead.of(job)
