"""`/api/v1/admin`: queues, and starting again or stopping work (administrators)."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Query, Request, Response
from redis.exceptions import RedisError

from gateway.admin import repository
from gateway.admin.schemas import QueueRead, Redriven, WorkPage, WorkRead
from gateway.audit.service import record
from gateway.auth.dependencies import AdminUser
from gateway.clock import now
from gateway.corrections.removal import lock
from gateway.database import DbSession
from gateway.errors import ProblemError, not_found, responses
from gateway.jobs import repository as works
from gateway.jobs import service as jobs
from gateway.jobs.models import Job, Work
from gateway.modalities.repository import queues_of
from gateway.paging import link_next
from gateway.users.models import User
from lobule.contracts.progress import JobState
from lobule.progress_cache import ProgressCache

log = structlog.get_logger()
router = APIRouter(prefix="/api/v1/admin", tags=["administration"])


@router.get("/queues", responses=responses(401, 403))
def list_queues(_admin: AdminUser, session: DbSession, request: Request) -> list[QueueRead]:
    """List the queues with their waiting and running steps and the number of ready workers."""
    found, at = repository.queues(session), now()
    rows: list[QueueRead] = []
    for queue in queues_of(session):
        waiting, running, since = found.get(queue, (0, 0, None))
        oldest = (at - since).total_seconds() if since else None
        workers = _workers(request.app.state.progress_cache, queue)
        rows.append(QueueRead(queue=queue, waiting=waiting, running=running, oldest_s=oldest, workers=workers))
    return rows


def _workers(cache: ProgressCache, queue: str) -> int | None:
    try:
        return len(cache.workers(queue))
    except RedisError as error:
        log.warning("progress_cache_away", error=repr(error))
        return None


@router.get("/jobs", responses=responses(401, 403, 422))
def list_work(
    _admin: AdminUser,
    session: DbSession,
    request: Request,
    response: Response,
    state: Annotated[list[JobState] | None, Query(description="any of these; may be repeated")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> WorkPage:
    """List the analyses and renderings of all users, newest first; `state=dead` lists those that need you."""
    found = find_work(session, state or [], limit, cursor)
    link_next(request, response, found.next_cursor)
    return found


def find_work(session: DbSession, states: list[JobState], limit: int, cursor: str | None) -> WorkPage:
    """A page of work in any of these states, or in all of them, newest first."""
    rows, next_cursor = repository.work(session, states, limit, cursor)
    owners = repository.names(session, {row.owner_id for row in rows})
    return WorkPage(items=[WorkRead.of(row, owners.get(row.owner_id, "")) for row in rows], next_cursor=next_cursor)


@router.post("/jobs/{work_id}/retry", responses=responses(401, 403, 404, 409))
def redrive(work_id: str, admin: AdminUser, session: DbSession, request: Request) -> WorkRead:
    """Start failed work again with all its attempts, unless somebody else has claimed its case."""
    work = _work(session, work_id)
    _check_free(session, work, admin)
    jobs.retry(session, work)
    record(session, request, admin, "job.redrive", "job", work.id)
    return WorkRead.of(work, repository.names(session, {work.owner_id}).get(work.owner_id, ""))


@router.post("/jobs/{work_id}/cancel", responses=responses(401, 403, 404, 409))
def cancel(work_id: str, admin: AdminUser, session: DbSession, request: Request) -> WorkRead:
    """Cancel work, unless somebody else has claimed its case. The worker stops at its next heartbeat."""
    work = _work(session, work_id)
    _check_free(session, work, admin)
    jobs.cancel(session, work)
    record(session, request, admin, "job.cancel", "job", work.id)
    return WorkRead.of(work, repository.names(session, {work.owner_id}).get(work.owner_id, ""))


@router.post("/jobs/retry-dead", responses=responses(401, 403))
def redrive_dead(admin: AdminUser, session: DbSession, request: Request) -> Redriven:
    """Start all dead work again, for example after a worker was repaired, except in cases that others have claimed."""
    count = claimed = 0
    for work in repository.parked(session):
        try:
            _check_free(session, work, admin)
        except ProblemError:
            claimed += 1
            continue
        if work.state == "dead":  # another request may have started it meanwhile
            jobs.retry(session, work)
            record(session, request, admin, "job.redrive", "job", work.id)
            count += 1
    return Redriven(count=count, claimed=claimed)


def _check_free(session: DbSession, work: Work, admin: User) -> None:
    """Lock work, and refuse to change the analyses of a case under the eyes of its reader.

    Raises:
        ProblemError: `case_claimed`, 409.
    """
    if isinstance(work, Job):
        lock(session, work.image, admin, None)
    else:
        works.for_update(session, work)


def _work(session: DbSession, work_id: str) -> Work:
    work = repository.by_id(session, work_id)
    if work is None:
        raise not_found("job")
    return work
