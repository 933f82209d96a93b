"""A job's result and report."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response

from gateway.audit.service import record
from gateway.auth.dependencies import CurrentUser
from gateway.errors import ProblemError, responses
from gateway.jobs.dependencies import VisibleJob
from gateway.jobs.models import Job
from gateway.reports import service
from gateway.reports.service import ReportFormat
from lobule.contracts.result import Result

router = APIRouter(prefix="/api/v1/jobs/{job_id}", tags=["reports"])

# The report is a document of its own: no script runs in it, wherever it is shown.
REPORT_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'self'"
    ),
    "Cache-Control": "private, no-cache",
}


@router.get("/result", responses=responses(401, 404, 409))
def get_result(job: VisibleJob, request: Request) -> Result:
    """All that the pipeline concluded; there as soon as the inference is done, whatever becomes of the report."""
    return service.read_result(request.app.state.store, job)


@router.get("/result/{picture}", responses={200: {"content": {"image/png": {}}}, **responses(401, 404, 409)})
def get_picture(job: VisibleJob, picture: str, request: Request) -> Response:
    """A picture that the result names: the display image or the heat map."""
    store = request.app.state.store
    result = service.read_result(store, job)
    named = {result.display.file, *([result.heat_map.file] if result.heat_map else [])}
    if picture not in named:
        raise ProblemError(404, "not_found", f"The result names no picture {picture!r}; it names {sorted(named)}.")
    return Response(
        service.read_inference_file(store, job, picture),
        media_type="image/png",
        headers={"Cache-Control": "private, max-age=3600"},
    )


@router.get(
    "/report",
    response_class=Response,
    responses={
        200: {"content": {"image/png": {}, "text/html": {}, "application/json": {}}},
        **responses(401, 404, 406, 409),
    },
)
def get_report(
    job: VisibleJob,
    user: CurrentUser,
    request: Request,
    format: Annotated[ReportFormat | None, Query(description="instead of the Accept header")] = None,
    download: Annotated[bool, Query(description="ask the browser to save it")] = False,
    accept: Annotated[str, Header()] = "*/*",
) -> Response:
    """The report, as PNG, HTML or JSON."""
    wanted = format or service.negotiate(accept)
    response = report_response(request, job, wanted)
    if download:
        response.headers["Content-Disposition"] = f'attachment; filename="lobule-report-{job.id[:8]}.{wanted}"'
    with request.app.state.sessions.begin() as writing:  # a GET's own session only reads
        record(writing, request, user, "report.read", "job", job.id, {"format": wanted})
    return response


def report_response(request: Request, job: Job, wanted: ReportFormat) -> Response:
    """A report as an answer."""
    content, media_type = service.read_report(request.app.state.store, job, wanted)
    return Response(content, media_type=media_type, headers=REPORT_HEADERS)
