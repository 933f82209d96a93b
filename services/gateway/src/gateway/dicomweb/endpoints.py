"""`/dicom-web`: STOW-RS (DICOM PS3.18, 10.5)."""

from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from gateway.audit.service import record
from gateway.auth.dependencies import DetachedUser, check_still_allowed
from gateway.database import read
from gateway.dicomweb.paths import Uid
from gateway.dicomweb.receiving import receive_instances
from gateway.dicomweb.schemas import DICOM_JSON, STOW_ANSWER, STOW_BODY, stow_answer
from gateway.dicomweb.service import InstanceService, StoreOutcome
from gateway.errors import ProblemError, responses
from gateway.images.models import Image
from gateway.jobs.queues.quotas import Quota
from gateway.uploads.receiving import Upload
from gateway.users.models import User

router = APIRouter(prefix="/dicom-web", tags=["dicomweb"])

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "All instances are stored", **STOW_ANSWER},
    202: {"description": "Some instances are stored; the answer has the failure reasons of the others", **STOW_ANSWER},
    409: {"description": "No instance is stored; the answer has the failure reasons", **STOW_ANSWER},
    **responses(400, 401, 403, 413, 415, 422, 429, 503, 507),
}
_DESCRIBED: dict[str, Any] = {
    "responses": _ANSWERS,
    "response_class": Response,
    "openapi_extra": {"requestBody": STOW_BODY},
}


@router.post("/studies", **_DESCRIBED)
async def store_instances(request: Request, user: DetachedUser) -> Response:
    """Store films by STOW-RS. The films of a study become one case, and each is analysed.

    A film that the case already has counts as stored. Failure reasons are 0122 if the object is not a two-dimensional
    mammogram, 0111 if the case has another film of this SOP Instance UID, C000 if it cannot be read, A900 if it names
    another study or patient than its case, and A700 if too many analyses are waiting. If too many are waiting before
    the first film, the answer is 429.
    """
    return await _store(request, user, None)


@router.post("/studies/{study}", **_DESCRIBED)
async def store_instances_of_study(request: Request, user: DetachedUser, study: Uid) -> Response:
    """Store films of one study by STOW-RS; see `/dicom-web/studies`."""
    return await _store(request, user, study)


async def _store(request: Request, user: User, study_uid: str | None) -> Response:
    service: InstanceService = request.app.state.instances
    stored: list[StoreOutcome] = []
    token_id = Quota.of_request(request, user).token_id

    def note(session: Session, image: Image, detail: dict[str, Any]) -> None:
        record(session, request, user, "image.upload", "image", image.id, {**detail, "by": "stow"})

    def keep(upload: Upload) -> StoreOutcome:
        try:  # again for each instance: a request may go on for hours
            read(request.app.state.sessions, partial(check_still_allowed, request, user))
        except ProblemError:
            request.app.state.store.delete(upload.folder)
            raise
        return service.keep(user, upload, study_uid, note, token_id)

    async def take(upload: Upload) -> None:
        stored.append(await run_in_threadpool(keep, upload))

    settings = request.app.state.settings
    await run_in_threadpool(request.app.state.uploads.check_quota, user, token_id)
    await receive_instances(request, request.app.state.store, settings.max_upload_bytes, take)
    failures = sum(each.failure is not None for each in stored)
    status = 200 if not failures else 409 if failures == len(stored) else 202
    return JSONResponse(stow_answer(stored), status_code=status, media_type=DICOM_JSON)
