"""The portal's cookie session and its protection against cross-site requests."""

import hashlib
import hmac
import os
import re
import secrets
from contextlib import suppress
from datetime import timedelta

from fastapi import Request, Response
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from gateway.auth import failed_logins, repository
from gateway.auth.models import AuthSession
from gateway.clock import now
from gateway.database import only_reads
from gateway.errors import ProblemError
from gateway.settings import GatewaySettings
from gateway.users.models import User

CSRF_HEADER = "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_NOTE_ACTIVITY_EVERY = timedelta(minutes=1)
_OF_THIS_MACHINE = re.compile(r"(?:localhost|[\w.-]+\.localhost|127\.0\.0\.1|\[::1\])(?::\d+)?")


def cookie_name(settings: GatewaySettings) -> str:
    """The `__Host-` prefix makes browsers refuse the cookie from other hosts and over plain http."""
    return "__Host-lobule" if settings.secure_cookies else "lobule"


def came_from(request: Request) -> dict[str, str | None]:
    """The address of a request, and what its client calls itself, as a session notes them."""
    address = request.client.host if request.client else None
    return {"address": address and address[:50], "client": request.headers.get("User-Agent", "")[:200]}


def open_session(
    session: Session, user: User, request: Request, response: Response, settings: GatewaySettings
) -> AuthSession:
    """Start a portal session and set its cookie. The session that the browser had until now ends."""
    secret = secrets.token_urlsafe(32)
    life = timedelta(hours=settings.session_hours)
    repository.delete_expired(session)
    before = read_session(session, request, settings)
    if before is not None:
        before.revoked_at = now()
    login = AuthSession(
        user_id=user.id,
        kind="portal",
        secret_hash=repository.hash_secret(secret),
        expires_at=now() + life,
        **came_from(request),
    )
    session.add(login)
    failed_logins.move_to_session(session, login)
    response.set_cookie(
        cookie_name(settings),
        secret,
        max_age=int(life.total_seconds()),
        path="/",
        httponly=True,
        secure=settings.secure_cookies,
        samesite="lax",
    )
    return login


def close_session(session: Session, request: Request, response: Response, settings: GatewaySettings) -> None:
    """End the portal session of this request, if there is one."""
    login = read_session(session, request, settings)
    if login is not None:
        login.revoked_at = now()
    response.delete_cookie(cookie_name(settings), path="/", httponly=True, secure=settings.secure_cookies)


def read_session(session: Session, request: Request, settings: GatewaySettings) -> AuthSession | None:
    """The live portal session of this request, unless its user has done nothing for long.

    A session of the future is no live one either: the clock was ahead when its user did something.
    """
    secret = request.cookies.get(cookie_name(settings))
    login = repository.live(session, "portal", secret) if secret else None
    if login is None or abs(now() - login.active_at) > timedelta(minutes=settings.session_idle_minutes):
        return None
    return login


def note_activity(request: Request, session: Session, login: AuthSession) -> None:
    """Note to the minute that the user of a portal session did something. What a page asks by itself does not count."""
    if now() - login.active_at < _NOTE_ACTIVITY_EVERY:
        return
    if only_reads(session):
        with suppress(OperationalError), request.app.state.sessions.begin() as writing:  # a busy database: next time
            repository.note_activity(writing, login.id)
    else:
        repository.note_activity(session, login.id)


def is_fresh(login: AuthSession, settings: GatewaySettings) -> bool:
    """Whether the person of a session proved who they are so lately that they may sign.

    What seems to have been in the future is not: otherwise nobody would be asked again until a clock that was set
    back is there once more.
    """
    return abs(now() - login.authenticated_at) <= timedelta(minutes=settings.fresh_authentication_minutes)


def local_path(path: str) -> str:
    """A path of our own, never another host. Browsers drop tabs and line breaks, and read backslashes as slashes."""
    is_plain = path.isprintable() and path.startswith("/") and "\\" not in path
    return path if is_plain and not path.startswith("//") else "/"


def csrf_token_for(request: Request) -> str:
    """What a page of this session sends back as `X-CSRF-Token` or form field `csrf`; empty without a session.

    It is masked with other random bytes each time, so that the sizes of compressed pages do not betray it (BREACH).
    """
    token = _csrf_token(request)
    mask = os.urandom(len(token))
    return (mask + _xor(token, mask)).hex()


def _csrf_token(request: Request) -> bytes:
    """The unmasked token of the request's session; empty without a session."""
    settings: GatewaySettings = request.app.state.settings
    secret = request.cookies.get(cookie_name(settings))
    if not secret:
        return b""
    key = settings.secret_key.get_secret_value().encode()
    return hmac.digest(key, b"csrf:" + secret.encode(), hashlib.sha256)


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _unmasked(given: str) -> bytes:
    """The token that a page was given; empty if it is none."""
    try:
        both = bytes.fromhex(given)
    except ValueError:
        return b""
    half, odd = divmod(len(both), 2)
    return b"" if odd else _xor(both[:half], both[half:])


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
    expected = _csrf_token(request)
    if not expected or not hmac.compare_digest(_unmasked(given), expected):
        raise ProblemError(403, "csrf_failed")


def check_same_origin(request: Request) -> None:
    """Refuse a request that a browser says comes from another site.

    Raises:
        ProblemError: `csrf_failed`, 403.
    """
    origin = request.headers.get("Origin")
    foreign = request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site") or (
        origin is not None and origin.partition("://")[2] != request.headers.get("Host")
    )
    if foreign:
        raise ProblemError(403, "csrf_failed", "other_site")


def check_encrypted(request: Request, settings: GatewaySettings) -> None:
    """Refuse a login at an address of plain HTTP, where browsers drop the cookie of the session.

    They keep it at addresses of their own machine. Behind a proxy, only the browser knows what it speaks.

    Raises:
        ProblemError: `login_not_encrypted`, 403.
    """
    scheme, _, host = request.headers.get("Origin", "").partition("://")
    if settings.secure_cookies and scheme == "http" and not _OF_THIS_MACHINE.fullmatch(host):
        raise ProblemError(403, "login_not_encrypted")
