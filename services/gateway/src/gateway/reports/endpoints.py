"""A job's result and report."""

import contextlib
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from gateway.audit.service import record_apart
from gateway.auth.dependencies import DetachedUser
from gateway.database import DbSession, read, release
from gateway.errors import WITH_ETAG, ProblemError, not_found, responses
from gateway.jobs import repository as jobs
from gateway.jobs import results
from gateway.jobs.dependencies import VisibleJob
from gateway.jobs.models import Job
from gateway.jobs.queues.lanes import Requester
from gateway.ranges import OFFERED, PARTS
from gateway.reports import renderings, service
from gateway.reports.content import image_content
from gateway.streaming import StoredFile, file_response
from gateway.users.models import User
from lobule.contracts.case import FORMS_OF_ANALYSIS, LANGUAGE_OF_ANALYSIS, REPORT_FILES, RenderRequest, ReportForm
from lobule.contracts.language import Language, negotiate_language
from lobule.contracts.result import Result
from lobule.corrections import as_corrected
from lobule.storage import ObjectNotFoundError

router = APIRouter(prefix="/api/v1/jobs/{job_id}", tags=["reports"])

# The report is a separate document in which no script may run, wherever it is shown.
_REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'self'"
REPORT_TYPES: dict[str, dict[str, str]] = {media_type.partition(";")[0]: {} for _, media_type in REPORT_FILES.values()}

Format = Annotated[ReportForm | None, Query(description="media type of the answer, instead of the Accept header")]
Lang = Annotated[Language | None, Query(description="language of the answer, instead of the Accept-Language header")]
Download = Annotated[bool, Query(description="whether the browser should save the answer as a file")]
Accept = Annotated[str, Header()]
AcceptLanguage = Annotated[str | None, Header(max_length=500)]


@router.get("/result", responses={**WITH_ETAG, **responses(401, 404, 409)})
def get_result(job: VisibleJob, session: DbSession, request: Request, response: Response) -> Result:
    """Return the result of the analysis, with the present view and side of the image.

    The result is available as soon as the inference is done, even if the report fails.
    """
    view, side = job.image.view, job.image.laterality
    release(session)
    result = as_corrected(results.read_result(request.app.state.store, job), view, side)
    response.headers["ETag"] = f'"{job.id}-{job.step("inference").attempt}-{side or ""}{view or ""}"'
    return result


@router.get(
    "/result/{picture}",
    response_class=Response,
    responses={**WITH_ETAG, 200: {**WITH_ETAG[200], "content": {"image/png": {}}}, **responses(401, 404, 409)},
)
def get_picture(job: VisibleJob, picture: str, session: DbSession, request: Request) -> Response:
    """Return a picture of the result: the display image or the heat map."""
    store = request.app.state.store
    release(session)
    result = results.read_result(store, job)
    named = {result.display.file, *([result.heat_map.file] if result.heat_map else [])}
    if picture not in named:
        raise ProblemError(404, "not_found", "picture", values={"name": picture, "names": sorted(named)})
    return file_response(results.inference_file(store, job, picture), "image/png")


@router.get(
    "/thumbnail",
    response_class=Response,
    responses={**WITH_ETAG, 200: {**WITH_ETAG[200], "content": {"image/jpeg": {}}}, **responses(401, 404)},
)
def get_thumbnail(job: VisibleJob, session: DbSession, request: Request) -> Response:
    """Return the image as displayed, with at most 128 pixels, for lists.

    An analysis of version 0.2 or older has none.
    """
    release(session)
    try:
        thumbnail = service.read_thumbnail(request.app.state.store, job)
    except ObjectNotFoundError:
        raise not_found("thumbnail") from None
    return file_response(thumbnail, "image/jpeg")


def waiting_job(job_id: str, user: DetachedUser, request: Request) -> Job:
    """Return the job like `visible_job`, in a transaction of its own."""
    job = read(request.app.state.sessions, lambda session: jobs.visible(session, user, job_id))
    if job is None:
        raise not_found("job")
    return job


@router.get(
    "/report",
    response_class=Response,
    responses={
        **WITH_ETAG,
        200: {**WITH_ETAG[200], "content": REPORT_TYPES},
        **PARTS,
        **responses(401, 404, 406, 409, 503),
    },
)
async def get_report(
    job: Annotated[Job, Depends(waiting_job)],
    user: DetachedUser,
    request: Request,
    format: Format = None,
    lang: Lang = None,
    download: Download = False,
    accept: Accept = "*/*",
    accept_language: AcceptLanguage = None,
) -> Response:
    """Return the report as PNG, HTML, PDF or JSON, in English or Chinese."""
    form = format or service.negotiate(accept)
    language = lang or negotiate_language(accept_language)
    response = await report_response(request, user, job, form, language)
    if download:
        attach(response, f"lobule-report-{job.id[:8]}.{form}")
    detail = {"format": form, "language": language}
    await run_in_threadpool(record_apart, request, user, "report.read", "job", job.id, detail)
    return response


async def report_response(request: Request, user: User, job: Job, form: ReportForm, language: Language) -> Response:
    """A job's report as an answer."""
    service.check_report_ready(job)
    if language == LANGUAGE_OF_ANALYSIS and form in FORMS_OF_ANALYSIS:
        # this form failed, or an older version stored it under another name
        with contextlib.suppress(ObjectNotFoundError):
            found = await run_in_threadpool(service.read_report, request.app.state.store, job, form)
            return as_response(*found, language)
    attempt = job.step("inference").attempt
    wanted = renderings.RenderingSpec(
        key=f"job:{job.id}:{attempt}:{language}:{form}",
        owner_id=job.owner_id,
        requester=Requester(user.id, interactive=True),
        request=lambda: RenderRequest(image=image_content(job), languages=[language], forms=[form]),
        lock=partial(jobs.lock, job_id=job.id),
    )
    return as_response(*await renderings.fetch(request, wanted, language, form), language)


def as_response(file: StoredFile, media_type: str, language: Language) -> Response:
    """A rendering with the headers that every report has."""
    headers = {
        "Content-Language": language,
        "Vary": "Accept, Accept-Language",
        **OFFERED,
    }
    if media_type != "application/pdf":  # a browser's own viewer of PDF does not work in a sandbox
        headers["Content-Security-Policy"] = _REPORT_POLICY
    return file_response(file, media_type, headers)


def attach(response: Response, file_name: str) -> None:
    """Have the browser save a response under this name."""
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
