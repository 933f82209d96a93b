"""`/internal/v1`: the API of workers. It requires the internal token and is not part of the OpenAPI document."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import ValidationError
from sqlalchemy.orm import Session

from gateway.auth.dependencies import AppSettings, worker
from gateway.database import DbSession
from gateway.errors import ProblemError
from gateway.jobs import repository, service
from gateway.objects import delete_objects
from lobule import layout
from lobule.contracts import compatibility
from lobule.contracts.examination import ExaminationReading
from lobule.contracts.region import RegionOpinion
from lobule.contracts.result import Result
from lobule.contracts.steps import ClaimRequest, Completion, Failure, Heartbeat, StepName, read_files
from lobule.storage import ObjectNotFoundError, ObjectStore

router = APIRouter(prefix="/internal/v1", include_in_schema=False, dependencies=[Depends(worker)])

_STEP = "/jobs/{job_id}/steps/{step}"
_CONCLUSIONS: dict[StepName, type[Result | ExaminationReading | RegionOpinion]] = {
    "inference": Result,
    "examination": ExaminationReading,
    "region": RegionOpinion,
}


def object_store(request: Request) -> ObjectStore:
    """Where workers leave their output."""
    return request.app.state.store


Store = Annotated[ObjectStore, Depends(object_store)]


def _fenced(session: Session, store: ObjectStore, job_id: str) -> ProblemError:
    """The response to an attempt that is not current. Where its image was removed, its output is deleted."""
    is_removed = repository.work_by_id(session, job_id) is None
    session.rollback()  # gives the connection back before objects are deleted
    if is_removed:
        delete_objects(store, [layout.work_folder(job_id)])
    return ProblemError(409, "attempt_not_current")


@router.post("/queues/{queue}/claim", response_model=None)
def claim_next(
    queue: str, body: ClaimRequest, session: DbSession, settings: AppSettings, request: Request
) -> dict[str, Any] | Response:
    """Give the next step of a queue to a worker; 204 if nothing waits that it understands."""
    version = compatibility.claims_version(request.headers)
    claim = service.claim_next(session, settings, queue, body.worker, without=compatibility.unknown_steps(version))
    return Response(status_code=204) if claim is None else compatibility.convert_claim(claim, version)


@router.post(f"{_STEP}/claim")
def claim(
    job_id: str, step: StepName, body: ClaimRequest, session: DbSession, settings: AppSettings, request: Request
) -> dict[str, Any]:
    """Give one queued step to a worker: what workers of an earlier version ask for."""
    version = compatibility.claims_version(request.headers)
    known = step not in compatibility.unknown_steps(version)
    given = service.claim(session, settings, job_id, step, body.worker) if known else None
    if given is None:
        raise ProblemError(409, "not_claimable")
    return compatibility.convert_claim(given, version)


@router.post(f"{_STEP}/heartbeat", status_code=204)
def heartbeat(
    job_id: str, step: StepName, body: Heartbeat, session: DbSession, settings: AppSettings, store: Store
) -> None:
    """Renew the lease of the current attempt."""
    if not repository.renew(session, job_id, step, body.attempt, timedelta(seconds=settings.lease_seconds)):
        raise _fenced(session, store, job_id)


def result_of(
    job_id: str, step: StepName, body: Completion, store: Store
) -> Result | ExaminationReading | RegionOpinion | None:
    """What an attempt left in the object store that the gateway reads, read before the transaction begins.

    Raises:
        ProblemError: `result_missing`, 422.
    """
    document = _CONCLUSIONS.get(step)
    if document is None:
        return None
    key = layout.conclusion_key(layout.attempt_folder(job_id, step, body.attempt), step)
    try:
        return document.model_validate_json(store.get(key))
    except (ObjectNotFoundError, ValidationError) as error:
        raise ProblemError(422, "result_missing", values={"problem": str(error)}) from None


@router.post(f"{_STEP}/complete", status_code=204)
def complete(
    job_id: str,
    step: StepName,
    body: Completion,
    result: Annotated[Result | ExaminationReading | RegionOpinion | None, Depends(result_of, scope="function")],
    session: DbSession,
    store: Store,
    request: Request,
) -> None:
    """The current attempt is done and its output is in place."""
    concluded = None if isinstance(result, RegionOpinion) else result
    if not service.complete(session, job_id, step, body.attempt, concluded, read_files(request.headers)):
        raise _fenced(session, store, job_id)


@router.post(f"{_STEP}/fail", status_code=204)
def fail(job_id: str, step: StepName, body: Failure, session: DbSession, settings: AppSettings, store: Store) -> None:
    """The current attempt failed."""
    if not service.fail(session, settings, job_id, step, body):
        raise _fenced(session, store, job_id)
