"""`POST /api/v1/diagnose`, for clients that need a report only."""

import base64
import re
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse, Response
from fastapi.security import HTTPAuthorizationCredentials
from starlette.concurrency import run_in_threadpool

from gateway.audit.service import record, record_apart
from gateway.auth import service as auth
from gateway.auth.api_tokens import check_scope, note_actor
from gateway.auth.dependencies import AppSettings, check_permission, identify
from gateway.auth.tokens import unauthorized
from gateway.corrections.removal import lock
from gateway.database import read
from gateway.errors import ProblemError, responses
from gateway.jobs import repository
from gateway.jobs import service as jobs
from gateway.jobs.models import Job
from gateway.jobs.queues.quotas import Quota
from gateway.jobs.schemas import JobRead
from gateway.reports.endpoints import REPORT_TYPES, AcceptLanguage, report_response
from gateway.reports.service import negotiate
from gateway.uploads.checks import Duplicate
from gateway.uploads.dependencies import Uploads
from gateway.uploads.schemas import UPLOAD_FORM
from gateway.uploads.service import UploadService
from gateway.users.models import User
from lobule.contracts.language import negotiate_language
from lobule.contracts.progress import FINAL_STATES
from lobule.modalities import HISTOPATHOLOGY

router = APIRouter(prefix="/api/v1", tags=["diagnose"])

_LONGEST_WAIT_S = 300
_FAILED = ("failed", "dead", "cancelled")

_schema = UPLOAD_FORM["content"]["multipart/form-data"]["schema"]
_FORM: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                **_schema,
                "required": ["username", "password", "file"],
                "properties": {
                    "username": {"type": "string"},
                    "password": {"type": "string", "format": "password"},
                    **_schema["properties"],
                },
            }
        }
    },
}


@router.post(
    "/diagnose",
    response_class=Response,
    responses={
        200: {
            "description": "The report",
            "content": REPORT_TYPES,
        },
        202: {"model": JobRead, "description": "The analysis takes longer than you wanted to wait; follow the job"},
        **responses(400, 401, 403, 404, 406, 409, 413, 415, 422, 429),
    },
    openapi_extra={"requestBody": _FORM},
)
async def diagnose(
    request: Request,
    settings: AppSettings,
    uploads: Uploads,
    accept: Annotated[str, Header()] = "*/*",
    accept_language: AcceptLanguage = None,
    prefer: Annotated[
        str, Header(description="`wait=N`: seconds to wait for the report; `respond-async`: do not wait (RFC 7240)")
    ] = "",
) -> Response:
    """Send a name, a password and an image (in this order), and get the report in the media type that you accept.

    You can also send name and password with HTTP Basic authentication, or a token with `Authorization: Bearer`.

    The default `modality` is histopathology. If the image was sent before, the answer is its existing report.
    """
    wanted = negotiate(accept)
    applied, patience = _patience(prefer, settings.diagnose_wait_s)
    user, job_id = await _submit(request, uploads)
    job = await _finished(request, job_id, patience)
    if job.state not in FINAL_STATES:
        headers = {"Location": f"/api/v1/jobs/{job.id}", "Retry-After": "1"}
        if applied:
            headers["Preference-Applied"] = applied
        return JSONResponse(JobRead.of(job).model_dump(mode="json"), status_code=202, headers=headers)
    if job.state != "done":
        code, values, detail = job.error_code or job.state, job.error_values, job.error_detail or ""
        raise ProblemError(422, code, job.error_reason, values=values, detail=detail, job_id=job.id)
    language = negotiate_language(accept_language)
    response = await report_response(request, user, job, wanted, language)
    detail = {"format": wanted, "language": language}
    await run_in_threadpool(record_apart, request, user, "report.read", "job", job.id, detail)
    return response


def _patience(prefer: str, default_s: float) -> tuple[str | None, float]:
    """The preference that is applied, and how many seconds a client waits for its report."""
    wait = re.search(r"\bwait=(\d+)", prefer)
    if wait is not None:
        return f"wait={wait.group(1)}", min(float(wait.group(1)), _LONGEST_WAIT_S)
    if re.search(r"\brespond-async\b", prefer):
        return "respond-async", 0
    return None, min(default_s, _LONGEST_WAIT_S)


async def _submit(request: Request, uploads: UploadService) -> tuple[User, str]:
    """Upload the image; returns who sent it, and its job.

    Raises:
        ProblemError: As the upload, or `case_claimed`, 409 if a failed analysis cannot be started again.
    """
    senders: list[User] = []

    async def sender(fields: dict[str, str]) -> User:
        user = await identified(fields)
        senders.append(user)
        return user

    async def identified(fields: dict[str, str]) -> User:
        username, password = fields.pop("username", ""), fields.pop("password", "")
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return await run_in_threadpool(_of_token, request, given.strip())
        if scheme.lower() == "basic":
            username, password = _of_basic(given)
        async with request.app.state.login_places:
            user = await run_in_threadpool(_of_password, request, username, password)
        auth.check_own_password(user)
        check_permission(request, user)
        return user

    try:
        _, job = await uploads.submit(
            request, sender, action="image.diagnose", interactive=False, default_modality=HISTOPATHOLOGY.name
        )
    except Duplicate as known:
        await run_in_threadpool(_start_again_if_failed, request, senders[0], known.job_id)
        return senders[0], known.job_id
    return senders[0], job.id


def _of_password(request: Request, username: str, password: str) -> User:
    """The user with this name and password; written to the audit log, even if the request is refused afterwards.

    Raises:
        ProblemError: As `gateway.auth.service.authenticate`.
    """
    user, by = auth.authenticate(request, username, password)
    note_actor(request, user)  # a refusal that follows is noted as theirs
    with request.app.state.sessions.begin() as session:
        record(session, request, user, "auth.login", "user", user.id, {**by, "for": "diagnose"})
    return user


def _of_token(request: Request, token: str) -> User:
    """The user of an access token or API token; the latter must allow writing, and reading the report.

    Raises:
        ProblemError: `token_invalid` or `token_expired` (401), or `scope_missing` (403).
    """
    credentials = HTTPAuthorizationCredentials(scheme="Bearer", credentials=token)
    user = read(request.app.state.sessions, lambda session: identify(request, credentials, session))
    check_scope(request, "read")
    return user


def _of_basic(given: str) -> tuple[str, str]:
    """Name and password of HTTP's Basic authentication (RFC 7617).

    Raises:
        ProblemError: `not_authenticated`, 401.
    """
    try:
        username, _, password = base64.b64decode(given.strip(), validate=True).decode("utf-8").partition(":")
    except ValueError:
        raise unauthorized("not_authenticated", "malformed") from None
    return username, password


def _start_again_if_failed(request: Request, user: User, job_id: str) -> None:
    """Retry a job that did not finish, because its image was sent again.

    Raises:
        ProblemError: `case_claimed` (409) or `queue_full` (429).
    """
    with request.app.state.sessions.begin() as session:
        job = repository.by_id(session, job_id)
        if job is None or job.state not in _FAILED:
            return
        lock(session, job.image, user, None)
        if job.state in _FAILED:  # another request may have started it meanwhile
            jobs.retry(session, job, Quota.of_request(request, user))
            record(session, request, user, "job.retry", "job", job.id)


async def _finished(request: Request, job_id: str, patience: float) -> Job:
    """The job once it has ended, or when the time limit is reached.

    Raises:
        ProblemError: `not_found`, 404, if its image was removed meanwhile.
    """
    state = request.app.state
    if patience > 0:
        await state.endings.wait(job_id, patience)
    job = await run_in_threadpool(read, state.sessions, lambda session: repository.by_id(session, job_id))
    if job is None:
        raise ProblemError(404, "not_found", "removed_image")
    return job
