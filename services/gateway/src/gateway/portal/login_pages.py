"""Logging in and out, the first password, and the language of the pages."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from gateway.audit.service import record
from gateway.auth import failed_logins, service, sessions
from gateway.auth.dependencies import AppSettings
from gateway.auth.login_places import LoginPlace
from gateway.auth.pages import LoggedIn
from gateway.auth.second_factor import pending_login, security_keys
from gateway.auth.second_factor.service import SecondFactorAnswer, check_second_factor
from gateway.database import DbSession
from gateway.error_codes import CODES
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
    problem: Annotated[str, Query(max_length=50)] = "",
    ended: bool = False,
) -> Response:
    """The login form; users who are logged in are redirected."""
    if sessions.read_session(session, request, settings) is not None and not problem:
        return RedirectResponse("/", status_code=303)
    error = (problem, "") if problem in CODES else None
    return render_login(request, sessions.local_path(next), error, ended=ended)


@router.get("/login/confirmed", response_class=HTMLResponse)
def confirmed_page(request: Request) -> HTMLResponse:
    """The end of a confirmation at the provider, in a window of its own: the page that asked for it goes on."""
    return render(request, "confirmed.html")


@router.get("/password", response_class=HTMLResponse)
def password_page(request: Request, user: LoggedIn, next: Annotated[str, Query(max_length=500)] = "/") -> Response:
    """The page on which users replace a password that was set by somebody else."""
    if not user.must_change_password:
        return RedirectResponse(sessions.local_path(next), status_code=303)
    return render(request, "password.html", next_path=sessions.local_path(next), username=user.username)


@router.get("/second-factor", response_class=HTMLResponse)
def second_factor_page(request: Request, user: LoggedIn, next: Annotated[str, Query(max_length=500)] = "/") -> Response:
    """The page on which users set up the second factor that an administrator requires."""
    if user.must_change_password:
        return RedirectResponse("/password", status_code=303)
    if not service.lacks_second_factor(user):
        return RedirectResponse(sessions.local_path(next), status_code=303)
    keys_available = security_keys.site_of(request.app.state.settings) is not None
    return render(
        request, "second_factor.html", user, next_path=sessions.local_path(next), keys_available=keys_available
    )


@router.post("/language")
def choose_language(
    request: Request,
    settings: AppSettings,
    language: Annotated[str, Form(max_length=10)] = "",
    next: Annotated[str, Form(max_length=500)] = "/",
) -> Response:
    """Remember the language of the pages on this browser."""
    sessions.check_same_origin(request)
    response = RedirectResponse(sessions.local_path(next), status_code=303)
    if language in LANGUAGES:
        response.set_cookie(
            COOKIE, language, max_age=_YEAR_S, httponly=True, secure=settings.secure_cookies, samesite="lax"
        )
    return response


@router.post("/login", dependencies=[LoginPlace])
def log_in(
    request: Request,
    settings: AppSettings,
    session: DbSession,
    username: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=500)] = "",
    next: Annotated[str, Form(max_length=500)] = "/",
    code: Annotated[str, Form(max_length=30)] = "",
    pending: Annotated[str, Form(max_length=1000)] = "",
    credential: Annotated[str, Form(max_length=20_000)] = "",
) -> Response:
    """The portal's login form. No `async`: waiting for the database's lock must not stop the loop that ends others.

    If the user has a second factor, the form comes back and asks for it; `pending` then stands for the password, and
    `credential` is what a security key answered.
    """
    sessions.check_same_origin(request)
    next_path = sessions.local_path(next)
    user = None
    try:  # the session begins its transaction at its first query, after the slow check of the password
        sessions.check_encrypted(request, settings)
        if pending:
            user = pending_login.user_of(request, pending)
        else:
            user = service.with_password(request, username, password)
            pending = pending_login.make_token(user, settings)
        by = check_second_factor(request, user, SecondFactorAnswer(code, _answer_of_key(credential)), "login")
    except ProblemError as error:
        pending = pending if error.code in ("code_required", "wrong_code", "wrong_security_key") else ""
        failure = None if error.code == "code_required" else (error.code, error.detail)
        status = 200 if error.code == "code_required" else error.status
        options = security_keys.ask_for_one(session, user, "login", settings) if pending and user else None
        return render_login(
            request, next_path, failure, status, username=username, pending=pending, key_options=options
        )
    response = RedirectResponse(next_path, status_code=303)
    sessions.open_session(session, user, request, response, settings)
    service.note_login(session, request, user, by)
    return response


def _answer_of_key(credential: str) -> dict[str, Any] | None:
    """What the form carries of a security key; what is not of one is an answer that no challenge has."""
    if not credential:
        return None
    try:
        answer = json.loads(credential)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


@router.post("/failed-logins/seen")
def note_failed_logins(
    request: Request,
    settings: AppSettings,
    session: DbSession,
    csrf: Annotated[str, Form(max_length=200)] = "",
    next: Annotated[str, Form(max_length=500)] = "/",
) -> Response:
    """Acknowledge the shown failed logins."""
    login = sessions.read_session(session, request, settings)
    if login is not None:
        sessions.check_csrf(request, csrf)
        failed_logins.mark_seen(session, request, login)
    return RedirectResponse(sessions.local_path(next), status_code=303)


@router.post("/logout")
def log_out(
    request: Request,
    settings: AppSettings,
    session: DbSession,
    csrf: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """The portal's logout button."""
    login = sessions.read_session(session, request, settings)
    if login is None:
        return RedirectResponse("/login", status_code=303)
    sessions.check_csrf(request, csrf)
    of_provider = login.user.identity is not None and settings.oidc_issuer
    response = RedirectResponse("/login?ended=1" if of_provider else "/login", status_code=303)
    sessions.close_session(session, request, response, settings)
    record(session, request, login.user, "auth.logout", "session", login.id)
    return response
