"""`/api/v1/auth` for API clients, and the portal's login and logout forms."""

from typing import Annotated

from fastapi import APIRouter, Body, Form, Request
from fastapi.responses import RedirectResponse, Response

from gateway.auth import service, sessions, tokens
from gateway.auth.dependencies import AppSettings
from gateway.auth.schemas import PasswordGrant, TokenPair, TokenRequest
from gateway.database import DbSession
from gateway.errors import ProblemError, responses
from gateway.portal.pages import render_login

router = APIRouter()


@router.post("/api/v1/auth/token", tags=["auth"], responses=responses(401, 422, 429))
def issue_token(grant: Annotated[TokenRequest, Body()], request: Request, settings: AppSettings) -> TokenPair:
    """Get a short-lived access token and a refresh token, for a password or for a refresh token."""
    state = request.app.state
    if isinstance(grant, PasswordGrant):
        user = service.authenticate(
            state.sessions, state.throttle, request, grant.username, grant.password.get_secret_value()
        )
        with state.sessions.begin() as session:
            service.note_login(session, request, user)
            return tokens.open_login(session, user, settings)
    try:
        with state.sessions.begin() as session:
            return tokens.refresh(session, grant.refresh_token, settings)
    except ProblemError:
        # Used before? Then one of the two who used it is a thief. In its own transaction: the error must not undo it.
        with state.sessions.begin() as session:
            tokens.revoke_if_stolen(session, grant.refresh_token)
        raise


@router.post("/login", include_in_schema=False)
def log_in(
    request: Request,
    settings: AppSettings,
    username: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=500)] = "",
    next: Annotated[str, Form(max_length=500)] = "/",
) -> Response:
    """The portal's login form. No `async`: waiting for the database's lock must not stop the loop that ends others."""
    sessions.check_same_origin(request)
    state = request.app.state
    try:
        user = service.authenticate(state.sessions, state.throttle, request, username, password)
    except ProblemError as error:
        return render_login(
            request,
            next_path=local_path(next),
            error=(error.code, error.detail),
            status=error.status,
            username=username,
        )
    response = RedirectResponse(local_path(next), status_code=303)
    with state.sessions.begin() as session:
        sessions.open_session(session, user, response, settings)
        service.note_login(session, request, user)
    return response


@router.post("/logout", include_in_schema=False)
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
    """A path of our own, never another host."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"
