"""`/api/v1/jobs`."""

import hashlib
import math
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from gateway.auth.dependencies import CurrentUser
from gateway.database import DbSession
from gateway.errors import WITH_ETAG, responses
from gateway.jobs import repository
from gateway.jobs.dependencies import VisibleJob
from gateway.jobs.schemas import JobPage, JobRead
from gateway.paging import Several, UtcTime, link_next
from lobule.contracts.progress import JobState, Progress
from lobule.contracts.result import Modality

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])


@router.get("", responses=responses(401, 422))
def list_jobs(
    user: CurrentUser,
    session: DbSession,
    request: Request,
    response: Response,
    state: Several[JobState] = [],  # noqa: B006 - FastAPI's way to say "none given"
    modality: Annotated[Modality | None, Query(description="only jobs of images of this modality")] = None,
    image_id: Annotated[str | None, Query(max_length=36, description="only jobs of this image")] = None,
    case_id: Annotated[str | None, Query(max_length=36, description="only jobs of images of this case")] = None,
    since: Annotated[UtcTime | None, Query(description="only jobs created at this time or later")] = None,
    until: Annotated[UtcTime | None, Query(description="only jobs created before this time")] = None,
    reverse: Annotated[bool, Query(description="oldest first")] = False,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> JobPage:
    """List the jobs that you may see, newest first."""
    wanted = repository.JobFilter(state, modality, image_id, case_id, since=since, until=until)
    rows, next_cursor = repository.listed(session, user, wanted, limit, cursor, oldest_first=reverse)
    link_next(request, response, next_cursor)
    total = repository.number(session, user, wanted)
    return JobPage(items=[JobRead.of(row) for row in rows], next_cursor=next_cursor, total=total)


@router.get("/{job_id}", responses=responses(401, 404))
def read_job(job: VisibleJob) -> JobRead:
    """Return a job."""
    return JobRead.of(job)


@router.get(
    "/{job_id}/progress",
    response_model=Progress,
    responses={**WITH_ETAG, **responses(401, 404)},
)
def read_progress(
    job: VisibleJob,
    session: DbSession,
    request: Request,
) -> Response:
    """Return the progress of a job. Poll again after `Retry-After` seconds, and send the `ETag` as `If-None-Match`."""
    progress: Progress = request.app.state.progress.of(session, job)
    body = progress.model_dump_json().encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Vary": "Accept-Language"}
    if progress.poll_after_ms is not None:
        headers["Retry-After"] = str(math.ceil(progress.poll_after_ms / 1000))
    return Response(body, media_type="application/json", headers=headers)
