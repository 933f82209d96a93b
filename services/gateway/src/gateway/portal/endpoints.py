"""The portal's pages. What they show beyond the first view, their scripts fetch from the JSON API."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from gateway.auth import sessions
from gateway.auth.dependencies import AppSettings, PortalUser
from gateway.database import DbSession
from gateway.jobs import repository
from gateway.jobs.schemas import JobRead
from gateway.portal.pages import render, render_error, render_login
from lobule.contracts.errors import INPUT_ERROR_CODES
from lobule.contracts.progress import FINAL_STATES
from lobule.imaging.header import MAX_PIXELS, MIN_SIDE

router = APIRouter(include_in_schema=False)

_PAGE_LENGTH = 50
_INPUT_ERRORS = sorted(INPUT_ERROR_CODES)


@router.get("/login", response_class=HTMLResponse)
def login_page(
    request: Request,
    session: DbSession,
    settings: AppSettings,
    next: Annotated[str, Query(max_length=500)] = "/",
) -> Response:
    """The login form; whoever is logged in needs none."""
    if sessions.read_session(session, request, settings) is not None:
        return RedirectResponse("/", status_code=303)
    return render_login(request, next_path=next)


@router.get("/", response_class=HTMLResponse)
def worklist_page(
    request: Request,
    user: PortalUser,
    session: DbSession,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> HTMLResponse:
    """The jobs of the user, newest first."""
    rows, next_cursor = repository.newest(session, user, _PAGE_LENGTH, cursor)
    jobs = [JobRead.of(row) for row in rows]
    return render(
        request,
        "worklist.html",
        user,
        jobs=jobs,
        live=any(job.state not in FINAL_STATES for job in jobs),
        paged=cursor is not None,
        next_cursor=next_cursor,
    )


@router.get("/new", response_class=HTMLResponse)
def new_page(request: Request, user: PortalUser) -> HTMLResponse:
    """Choose an image, look at it, send it."""
    return render(
        request, "new.html", user, job_id="", max_pixels=MAX_PIXELS, min_side=MIN_SIDE, input_error_codes=_INPUT_ERRORS
    )


@router.get("/jobs/{job_id}", response_class=HTMLResponse)
def job_page(job_id: str, request: Request, user: PortalUser, session: DbSession) -> HTMLResponse:
    """Progress and report of one job."""
    row = repository.visible(session, user, job_id)
    if row is None:
        detail = "There is no such analysis, or it is not yours."
        return render_error(request, 404, "Not found", detail, user)
    return render(request, "job.html", user, job=JobRead.of(row), job_id=row.id, input_error_codes=_INPUT_ERRORS)
