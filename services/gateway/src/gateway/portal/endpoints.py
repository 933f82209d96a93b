"""The portal's pages. Their scripts fetch everything beyond the first view from the JSON API."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from redis.exceptions import RedisError

from gateway.auth.pages import PortalUser
from gateway.case_details.identity import identities_of
from gateway.case_details.priors import beside
from gateway.cases import reading
from gateway.cases import repository as cases
from gateway.cases.models import Case
from gateway.cases.repositories import lists
from gateway.database import DbSession
from gateway.images import repository as images
from gateway.images.merging import merged_at
from gateway.jobs import repository as jobs
from gateway.jobs.schemas import JobRead
from gateway.portal.documents import api_groups, model_pages
from gateway.portal.pages import compressed, render, render_error
from gateway.system.endpoints import models_at_work
from gateway.users.models import User
from gateway.users.permissions import has_permission
from lobule.contracts.errors import INPUT_ERROR_CODES
from lobule.contracts.notices import TO_CHECK, UNUSUAL_FILM
from lobule.contracts.progress import FINAL_STATES
from lobule.limits import MAX_PIXELS, MIN_SIDE

router = APIRouter(include_in_schema=False)

_PAGE_LENGTH = 50
_DOUBTS = {what: sorted(codes) for what, codes in TO_CHECK.items()}
_INPUT_ERRORS = sorted(INPUT_ERROR_CODES)
_API_EXAMPLES = (
    (
        "token",
        "curl -H 'Content-Type: application/json' {address}/api/v1/auth/token \\\n"
        '     -d \'{{"username": "dr.lee", "password": "…"}}\'',
    ),
    (
        "upload",
        'curl -H "Authorization: Bearer $TOKEN" {address}/api/v1/images \\\n'
        "     -F modality=mammography -F view=CC -F laterality=R -F file=@film.dcm",
    ),
    ("progress", 'curl -H "Authorization: Bearer $TOKEN" {address}/api/v1/jobs/$JOB/progress'),
    (
        "report",
        'curl -H "Authorization: Bearer $TOKEN" {address}/api/v1/jobs/$JOB/report?format=html > report.html',
    ),
)


@router.get("/cases/{case_id}", response_class=HTMLResponse)
def reading_page(case_id: str, request: Request, user: PortalUser, session: DbSession) -> HTMLResponse:
    """One case: its images, findings and reviews."""
    case = cases.visible(session, user, case_id)
    if case is None:
        if has_permission(user.role, "emergency"):
            return render(request, "emergency.html", user, 403, case_id=case_id)
        return render_error(request, 404, "no_case", user)
    named = request.app.state.settings.names == "keep" and has_permission(user.role, "identify")
    page = render(
        request,
        "reading.html",
        user,
        case=case,
        claim=_claim_of(case, user),
        earlier=any(shown.earlier for shown in lists.image_summaries(session, user, [case]).values()),
        named=named,
        beside=beside(session, user, case),
        merged_at=merged_at(session, images.of_case(session, case.id)),
        input_error_codes=_INPUT_ERRORS,
        not_evaluated=sorted(UNUSUAL_FILM),
        doubts=_DOUBTS,
    )
    return compressed(request, page)


def _claim_of(case: Case, user: User) -> Literal["mine", "another"] | None:
    """Whose claim a case is under; a script renews what the page says of it."""
    if reading.claimed_by_another(case, user):
        return "another"
    return "mine" if reading.is_claimed(case) else None


@router.get("/cases/{case_id}/identity", response_class=HTMLResponse)
def identity_page(case_id: str, request: Request, user: PortalUser, session: DbSession) -> HTMLResponse:
    """The patient and the studies that the DICOM files of a case named, if the policy for names keeps them."""
    case = cases.visible(session, user, case_id)
    if case is None or request.app.state.settings.names != "keep":
        return render_error(request, 404, "no_case", user)
    pseudonym, found = case.pseudonym, identities_of(request, session, user, case_id)
    rows = {tuple(each.model_dump(exclude={"image_id", "sop_instance_uid"}).values()): each for each in found}
    return render(request, "identity.html", user, case_id=case_id, pseudonym=pseudonym, found=list(rows.values()))


@router.get("/new", response_class=HTMLResponse)
def new_page(
    request: Request,
    user: PortalUser,
    session: DbSession,
    case: Annotated[str | None, Query(max_length=36)] = None,
    replaces: Annotated[str | None, Query(max_length=36)] = None,
) -> HTMLResponse:
    """Choose, check and upload images: into a new case, into an existing one, or to replace an image."""
    found = cases.visible(session, user, case) if case else None
    replaced = images.visible(session, user, replaces) if replaces else None
    if (case and found is None) or (replaces and (replaced is None or found is None or replaced.case_id != found.id)):
        return render_error(request, 404, "no_case", user)
    return render(
        request,
        "new.html",
        user,
        case=found,
        replaced=replaced,
        doubts=_DOUBTS,
        max_pixels=MAX_PIXELS,
        min_side=MIN_SIDE,
        input_error_codes=_INPUT_ERRORS,
    )


@router.get("/jobs", response_class=HTMLResponse)
def jobs_page(
    request: Request,
    user: PortalUser,
    session: DbSession,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> HTMLResponse:
    """The analyses of images that are in no case, newest first."""
    rows, next_cursor = jobs.listed(session, user, jobs.JobFilter(without_case=True), _PAGE_LENGTH, cursor)
    found = [JobRead.of(row) for row in rows]
    return render(
        request,
        "jobs.html",
        user,
        jobs=found,
        live=any(job.state not in FINAL_STATES for job in found),
        paged=cursor is not None,
        next_cursor=next_cursor,
    )


@router.get("/jobs/{job_id}", response_class=HTMLResponse)
def job_page(job_id: str, request: Request, user: PortalUser, session: DbSession) -> HTMLResponse:
    """Progress and report of one job."""
    row = jobs.visible(session, user, job_id)
    if row is None:
        return render_error(request, 404, "no_job", user)
    return render(
        request, "job.html", user, job=JobRead.of(row), case_id=row.image.case_id, input_error_codes=_INPUT_ERRORS
    )


@router.get("/models", response_class=HTMLResponse)
def models_page(request: Request, user: PortalUser, session: DbSession) -> HTMLResponse:
    """The models in use: their measured performance and their limits."""
    try:
        statuses = models_at_work(session, request.app.state.progress_cache)
        models = [page for status in statuses for page in model_pages(status)]
    except RedisError:
        models = None
    return render(request, "models.html", user, models=models)


@router.get("/api/docs", include_in_schema=False)
def api_docs() -> RedirectResponse:
    """The page about the API, where people look for it first."""
    return RedirectResponse("/api", status_code=308)


@router.get("/api", response_class=HTMLResponse)
def api_page(request: Request, user: PortalUser) -> HTMLResponse:
    """The OpenAPI document, rendered for readers."""
    address = str(request.base_url).rstrip("/")
    examples = [(name, command.format(address=address)) for name, command in _API_EXAMPLES]
    return render(request, "api.html", user, groups=api_groups(request.app.openapi()), examples=examples)


@router.get("/help", response_class=HTMLResponse)
def help_page(request: Request, user: PortalUser) -> HTMLResponse:
    """How to use the portal."""
    read_by_two = ("second_read", "arbitration") if request.app.state.settings.reading_rule else ()
    return render(request, "help.html", user, megapixels=MAX_PIXELS // 1_000_000, read_by_two=read_by_two)
