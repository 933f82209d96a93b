"""The job that a path names."""

from typing import Annotated

from fastapi import Depends

from gateway.auth.dependencies import CurrentUser
from gateway.database import DbSession
from gateway.errors import not_found
from gateway.jobs import repository
from gateway.jobs.models import Job


def visible_job(job_id: str, user: CurrentUser, session: DbSession) -> Job:
    """The job of `{job_id}`, if this user may see it.

    Raises:
        ProblemError: `not_found`, 404.
    """
    job = repository.visible(session, user, job_id)
    if job is None:
        raise not_found("job")
    return job


VisibleJob = Annotated[Job, Depends(visible_job, scope="function")]
