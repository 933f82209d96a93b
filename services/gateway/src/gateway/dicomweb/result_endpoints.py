"""`/dicom-web/cases/{case_id}/instances`: where the DICOM node hands over what it made of a case."""

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from gateway.audit.service import record
from gateway.auth.dependencies import DetachedUser, check_still_allowed
from gateway.cases import repository as cases
from gateway.cases.models import Case
from gateway.database import read
from gateway.dicomweb.multipart_reader import MEDIA_TYPE
from gateway.dicomweb.receiving import receive_object
from gateway.dicomweb.results import keep, take_in
from gateway.errors import ProblemError, not_found, responses
from gateway.uploads.receiving import Upload
from gateway.users.models import User
from gateway.users.permissions import has_permission

router = APIRouter(prefix="/dicom-web", tags=["dicomweb"])

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    }
}


class ResultKept(BaseModel):
    """An object that is kept."""

    id: str = Field(description="identifier of the object; retrieve it by its UIDs")


@router.post(
    "/cases/{case_id}/instances",
    status_code=201,
    responses={
        200: {"model": ResultKept, "description": "The object was already stored"},
        **responses(400, 401, 403, 404, 409, 413, 415, 422, 507),
    },
    openapi_extra=_BODY,
)
async def store_result(case_id: str, request: Request, response: Response, user: DetachedUser) -> ResultKept:
    """Store a DICOM object made from a case: a report, segmentation, presentation state, picture or PDF.

    The object must belong to the study of one of the case's films. An object that is already stored counts as stored.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip() != MEDIA_TYPE:
        raise ProblemError(415, "unsupported_media_type")
    state = request.app.state
    await run_in_threadpool(read, state.sessions, lambda session: _case(session, user, case_id))
    upload = await receive_object(request, state.store, state.settings.max_upload_bytes)
    kept, new = await run_in_threadpool(_keep, request, user, case_id, upload)
    response.status_code = 201 if new else 200
    return kept


def _case(session: Session, user: User, case_id: str) -> Case:
    """The case, if this user may add results to it: others could plant what reads as Lobule's own."""
    case = cases.visible(session, user, case_id)
    if case is None:
        raise not_found("case")
    if case.owner_id != user.id and not has_permission(user.role, "node"):
        raise ProblemError(403, "forbidden")
    return case


def _keep(request: Request, user: User, case_id: str, upload: Upload) -> tuple[ResultKept, bool]:
    state, new = request.app.state, False
    try:
        received = take_in(state.store, state.fingerprints, state.names, upload)
        with state.sessions.begin() as session:
            check_still_allowed(request, user, session)
            case = cases.locked(session, _case(session, user, case_id).id)  # its deletion sees this object, or is seen
            kept, new = keep(session, state.store, case, received)
            if new:
                record(session, request, user, "case.result", "case", case.id, {"modality": kept.modality})
            return ResultKept(id=kept.id), new
    finally:
        if not new:
            state.store.delete(upload.folder)
