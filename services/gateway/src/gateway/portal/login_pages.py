"""Logging in and out, the first password, and the language of the pages."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from gateway.auth import service, sessions
from gateway.auth.dependencies import AppSettings, LoggedIn
from gateway.database import DbSession
from gateway.errors import ProblemError
from gateway.portal.pages import render, render_login
from gateway.portal.words import COOKIE
from lobule.contracts.language import LANGUAGES

router = APIRouter(include_in_schema=False)

_YEAR_S = 365 * 24 * 3600


@router.get("/login", response_class=HTMLResponse)
def login_page(
    request: Request,
    session: DbSession,
    settings: AppSettings,
    next: Annotated[str, Query(max_length=500)] = "/",
) -> Response:
    """The login form; users who are logged in are redirected."""
    if sessions.read_session(session, request, settings) is not None:
        return RedirectResponse("/", status_code=303)
    return render_login(request, next_path=next)


@router.get("/password", response_class=HTMLResponse)
def password_page(request: Request, user: LoggedIn, next: Annotated[str, Query(max_length=500)] = "/") -> Response:
    """The page on which users replace a password that was set by somebody else."""
    if not user.must_change_password:
        return RedirectResponse(local_path(next), status_code=303)
    return render(request, "password.html", next_path=local_path(next), username=user.username)


@router.post("/language")
def choose_language(
    request: Request,
    settings: AppSettings,
    language: Annotated[str, Form(max_length=10)] = "",
    next: Annotated[str, Form(max_length=500)] = "/",
) -> Response:
    """Remember the language of the pages on this browser."""
    sessions.check_same_origin(request)
    response = RedirectResponse(local_path(next), status_code=303)
    if language in LANGUAGES:
        response.set_cookie(
            COOKIE, language, max_age=_YEAR_S, httponly=True, secure=settings.secure_cookies, samesite="lax"
        )
    return response


@router.post("/login")
def log_in(
    request: Request,
    settings: AppSettings,
    session: DbSession,
    username: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=500)] = "",
    next: Annotated[str, Form(max_length=500)] = "/",
) -> Response:
    """The portal's login form. No `async`: waiting for the database's lock must not stop the loop that ends others."""
    sessions.check_same_origin(request)
    try:  # the session begins its transaction at its first query, after the slow check of the password
        user = service.authenticate(request, username, password)
    except ProblemError as error:
        return render_login(
            request,
            next_path=local_path(next),
            error=(error.code, error.detail),
            status=error.status,
            username=username,
        )
    response = RedirectResponse(local_path(next), status_code=303)
    sessions.open_session(session, user, response, settings)
    service.note_login(session, request, user)
    return response


@router.post("/logout")
def log_out(
    request: Request,
    settings: AppSettings,
    session: DbSession,
    csrf: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """The portal's logout button."""
    response = RedirectResponse("/login", status_code=303)
    if sessions.read_session(session, request, settings) is not None:
        sessions.check_csrf(request, csrf)
        sessions.close_session(session, request, response, settings)
    return response


def local_path(path: str) -> str:
    """The path if it is on this server, otherwise `/`."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"
