"""`/login/oidc`: to the provider and back, and the provider's own logout."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

import jwt
from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlalchemy.orm import Session

from gateway.audit.audited_request import AuditedRequest
from gateway.audit.refusals import Refusal
from gateway.audit.service import record, record_apart
from gateway.auth import repository as logins
from gateway.auth import sessions
from gateway.auth.dependencies import AppSettings
from gateway.auth.service import note_login
from gateway.clock import now
from gateway.errors import ProblemError, not_found
from gateway.settings import GatewaySettings
from gateway.sso.accounts import ACTOR, account_of, without_role
from gateway.sso.claims import Identity, identity_of
from gateway.sso.provider import Provider
from gateway.users import repository as users

router = APIRouter(prefix="/login/oidc", include_in_schema=False)

_PENDING_S = 600
_ISSUER = "lobule-oidc"  # of the cookie below; an access token has another


def provider_of(request: Request) -> Provider:
    """The provider of the settings.

    Raises:
        ProblemError: `not_found`, 404, if there is none.
    """
    if not request.app.state.settings.oidc_issuer:
        raise not_found("sso")
    return request.app.state.sso


@router.get("")
def start(
    request: Request,
    settings: AppSettings,
    next: Annotated[str, Query(max_length=500)] = "/",
    confirm: Annotated[str, Query(pattern="^[0-9a-f-]{0,36}$")] = "",
) -> Response:
    """Send the browser to the provider, which asks the person to log in.

    With `confirm`, the id of a dialog, it asks the person who is logged in to prove it once more, for that dialog.
    """
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    try:
        address = provider_of(request).authorization_url(state, nonce, verifier, again=bool(confirm))
    except ProblemError as error:
        return _failed(error)
    response = RedirectResponse(address, status_code=303)
    pending = {"iss": _ISSUER, "exp": datetime.now(UTC) + timedelta(seconds=_PENDING_S)}
    pending |= {"state": state, "nonce": nonce, "verifier": verifier, "next": next, "confirm": confirm}
    key = settings.secret_key.get_secret_value()
    response.set_cookie(
        _cookie(settings),
        jwt.encode(pending, key, algorithm="HS256"),
        max_age=_PENDING_S,
        path="/",
        httponly=True,
        secure=settings.secure_cookies,
        samesite="lax",
    )
    return response


@router.get("/callback")
def callback(
    request: Request,
    settings: AppSettings,
    code: Annotated[str, Query(max_length=4000)] = "",
    state: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """The provider sends the browser back here with a code, once the person has logged in there."""
    authenticated = False
    try:
        pending = _pending(request, settings, state)
        claims = provider_of(request).claims(code, pending["nonce"], pending["verifier"])
        authenticated = True
        identity = identity_of(claims, settings)
        if identity.role is None:
            with request.app.state.sessions.begin() as session:
                without_role(session, request, identity)
            raise ProblemError(403, "sso_no_role")
        with request.app.state.sessions.begin() as session:
            if pending["confirm"]:
                response = _confirm(session, request, settings, identity, claims, pending["confirm"])
            else:
                response = _enter(session, request, settings, identity, claims, pending["next"])
    except ProblemError as error:
        if authenticated:
            record_apart(request, ACTOR, "auth.failed", detail={"code": error.code})
        else:  # anybody can send as many of these as they like
            _note_refusal(request, error.code)
        response = _failed(error)
    response.delete_cookie(_cookie(settings), path="/", httponly=True, secure=settings.secure_cookies)
    return response


@router.get("/end")
def end_provider_session(request: Request) -> Response:
    """Go on to the provider's own page that ends its session."""
    try:
        return RedirectResponse(provider_of(request).logout_url() or "/login", status_code=303)
    except ProblemError as error:
        return _failed(error)


@router.post("/logout")
def back_channel_logout(request: Request, logout_token: Annotated[str, Form(max_length=10_000)] = "") -> Response:
    """The provider says that somebody has logged out there, or was logged out (back-channel logout)."""
    settings: GatewaySettings = request.app.state.settings
    try:
        subject, provider_session = provider_of(request).verify_logout_token(logout_token)
    except ProblemError as error:
        code = "invalid_request" if error.status == 400 else "temporarily_unavailable"
        return JSONResponse({"error": code}, error.status, headers={"Cache-Control": "no-store"})
    with request.app.state.sessions.begin() as session:
        user = users.by_identity(session, f"{settings.oidc_issuer}#{subject}") if subject else None
        ended = logins.end_of_provider(session, user.id if user else None, provider_session)
        record(session, request, ACTOR, "auth.logout", "user", user.id if user else None, {"sessions": ended})
    return Response(status_code=200, headers={"Cache-Control": "no-store"})


def _enter(
    session: Session,
    request: Request,
    settings: GatewaySettings,
    identity: Identity,
    claims: dict[str, Any],
    next_path: str,
) -> Response:
    user = account_of(session, request, identity, adopt=settings.oidc_adopt_accounts)
    response = RedirectResponse(sessions.local_path(next_path), status_code=303)
    login = sessions.open_session(session, user, request, response, settings)
    login.provider_session = str(claims["sid"])[:255] if claims.get("sid") else None
    login.authenticated_at = _proved_at(claims)
    note_login(session, request, user)
    return response


def _confirm(
    session: Session,
    request: Request,
    settings: GatewaySettings,
    identity: Identity,
    claims: dict[str, Any],
    dialog: str,
) -> Response:
    """Record that the person of the session has authenticated again; another person of the provider is refused."""
    login = sessions.read_session(session, request, settings)
    if login is None or login.user.identity != identity.subject:
        raise ProblemError(403, "sso_other_person")
    login.authenticated_at, login.active_at = _proved_at(claims), now()
    if not sessions.is_fresh(login, settings):
        raise ProblemError(403, "authentication_too_old")
    record(session, request, login.user, "auth.confirm", "user", login.user.id)
    return RedirectResponse(f"/login/confirmed?dialog={dialog}", status_code=303)


def _proved_at(claims: dict[str, Any]) -> datetime:
    """When the person proved to the provider who they are; never where it does not say so: it may not have asked."""
    auth_time = claims.get("auth_time")
    seconds = auth_time if isinstance(auth_time, int | float) else 0
    return datetime.fromtimestamp(min(max(seconds, 0), now().timestamp()), UTC)


def _pending(request: Request, settings: GatewaySettings, state: str) -> dict[str, Any]:
    """The login that this browser began and whose state came back.

    Raises:
        ProblemError: `sso_refused`, 403.
    """
    try:
        kept = jwt.decode(
            request.cookies.get(_cookie(settings), ""),
            settings.secret_key.get_secret_value(),
            algorithms=["HS256"],
            issuer=_ISSUER,
            options={"require": ["exp", "iss"]},
        )
    except jwt.InvalidTokenError:
        raise ProblemError(403, "sso_refused") from None
    if not state or not secrets.compare_digest(state.encode(), kept["state"].encode()):
        raise ProblemError(403, "sso_refused")
    return kept


def _cookie(settings: GatewaySettings) -> str:
    return f"{sessions.cookie_name(settings)}-oidc"


def _note_refusal(request: Request, code: str) -> None:
    """Have a login that was not the provider's be counted in the audit log with others of its minute."""
    described = AuditedRequest.of(request.scope)
    if described is not None:
        request.app.state.refusals.note(Refusal(described, request.method, code))


def _failed(error: ProblemError) -> Response:
    """Back to the login page, which says what went wrong; local accounts can still log in there."""
    return RedirectResponse(f"/login?{urlencode({'problem': error.code})}", status_code=303)
