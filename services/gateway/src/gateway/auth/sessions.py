"""The portal's cookie session and its protection against cross-site requests."""

import hashlib
import hmac
import secrets
from datetime import timedelta
from urllib.parse import urlsplit

from fastapi import Request, Response
from sqlalchemy.orm import Session

from gateway.auth import repository
from gateway.auth.models import AuthSession
from gateway.clock import now
from gateway.errors import ProblemError
from gateway.settings import GatewaySettings
from gateway.users.models import User

CSRF_HEADER = "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def cookie_name(settings: GatewaySettings) -> str:
    """The `__Host-` prefix makes browsers refuse the cookie from other hosts and over plain http."""
    return "__Host-lobule" if settings.secure_cookies else "lobule"


def open_session(session: Session, user: User, response: Response, settings: GatewaySettings) -> None:
    """Start a portal session and set its cookie."""
    secret = secrets.token_urlsafe(32)
    life = timedelta(hours=settings.session_hours)
    repository.delete_expired(session)
    session.add(
        AuthSession(
            user_id=user.id,
            kind="portal",
            secret_hash=repository.hash_secret(secret),
            expires_at=now() + life,
        )
    )
    response.set_cookie(
        cookie_name(settings),
        secret,
        max_age=int(life.total_seconds()),
        path="/",
        httponly=True,
        secure=settings.secure_cookies,
        samesite="lax",
    )


def close_session(session: Session, request: Request, response: Response, settings: GatewaySettings) -> None:
    """End the portal session of this request, if there is one."""
    login = read_session(session, request, settings)
    if login is not None:
        login.revoked_at = now()
    response.delete_cookie(cookie_name(settings), path="/", httponly=True, secure=settings.secure_cookies)


def read_session(session: Session, request: Request, settings: GatewaySettings) -> AuthSession | None:
    """The live portal session of this request."""
    secret = request.cookies.get(cookie_name(settings))
    return repository.live(session, "portal", secret) if secret else None


def csrf_token_for(request: Request) -> str:
    """What a page of this session sends back as `X-CSRF-Token` or form field `csrf`; empty without a session."""
    settings: GatewaySettings = request.app.state.settings
    secret = request.cookies.get(cookie_name(settings))
    if not secret:
        return ""
    key = settings.secret_key.get_secret_value().encode()
    return hmac.new(key, b"csrf:" + secret.encode(), hashlib.sha256).hexdigest()


def check_csrf(request: Request, token: str | None = None) -> None:
    """Refuse a state-changing request with a session cookie that our own page did not send.

    Args:
        request: The request.
        token: The form's token; without it, the header's.

    Raises:
        ProblemError: `csrf_failed`, 403.
    """
    check_same_origin(request)
    given = token if token is not None else request.headers.get(CSRF_HEADER, "")
    expected = csrf_token_for(request)
    if not expected or not hmac.compare_digest(given.encode(), expected.encode()):
        raise ProblemError(403, "csrf_failed")


def check_same_origin(request: Request) -> None:
    """Refuse a request that a browser says comes from another site.

    Raises:
        ProblemError: `csrf_failed`, 403.
    """
    origin = request.headers.get("Origin")
    foreign = request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site") or (
        origin is not None and urlsplit(origin).netloc != request.headers.get("Host")
    )
    if foreign:
        raise ProblemError(403, "csrf_failed", "other_site")
