"""Access tokens (short-lived JWT) and refresh tokens (random, rotated at each use)."""

import hashlib
import hmac
import secrets
from datetime import timedelta

import jwt
from fastapi import Request
from sqlalchemy.orm import Session

from gateway.auth import repository
from gateway.auth.models import AuthSession
from gateway.auth.schemas import TokenPair
from gateway.auth.sessions import came_from
from gateway.clock import now
from gateway.database import new_id
from gateway.errors import ProblemError
from gateway.settings import GatewaySettings
from gateway.users.models import User

_ALGORITHM = "HS256"
_ISSUER = "lobule"


def make_access_token(login: AuthSession, user: User, settings: GatewaySettings) -> str:
    """A signed access token that names the user and their session, valid for minutes."""
    claims = {
        "iss": _ISSUER,
        "sub": user.id,
        "sid": login.id,
        "role": user.role,
        "epoch": user.auth_epoch,
        "iat": now(),
        "exp": now() + timedelta(minutes=settings.access_token_minutes),
    }
    return jwt.encode(claims, settings.secret_key.get_secret_value(), algorithm=_ALGORITHM)


def read_access_token(token: str, settings: GatewaySettings) -> tuple[str, int]:
    """Session id and epoch in a valid access token. It is void if the session has ended or the user's epoch changed.

    Raises:
        ProblemError: `token_expired` or `token_invalid`, 401.
    """
    try:
        claims = jwt.decode(
            token,
            settings.secret_key.get_secret_value(),
            algorithms=[_ALGORITHM],
            issuer=_ISSUER,
            # Not its time of issue: another gateway's clock, or this one's before NTP set it, may be a second ahead.
            options={"require": ["exp", "sub", "sid", "iss"], "verify_iat": False},
        )
    except jwt.ExpiredSignatureError:
        raise unauthorized("token_expired") from None
    except jwt.InvalidTokenError:
        raise unauthorized("token_invalid") from None
    return str(claims["sid"]), int(claims.get("epoch", 0))


def unauthorized(code: str, reason: str | None = None) -> ProblemError:
    """A 401 with a `WWW-Authenticate` header."""
    return ProblemError(401, code, reason, headers={"WWW-Authenticate": "Bearer"})


def open_login(session: Session, user: User, request: Request, settings: GatewaySettings) -> TokenPair:
    """The first pair of tokens for an authenticated user."""
    login = AuthSession(
        id=new_id(),
        user_id=user.id,
        kind="refresh",
        expires_at=now() + timedelta(days=settings.refresh_token_days),
        **came_from(request),
    )
    secret = _next_secret(login, settings)
    session.add(login)
    return _pair(login, user, secret, settings)


def _next_secret(login: AuthSession, settings: GatewaySettings) -> str:
    """The next refresh token of a chain. It names the chain, so that any earlier token of it ends it, and is signed."""
    named = f"{login.id}.{secrets.token_urlsafe(32)}"
    secret = f"{named}.{_signature(named, settings)}"
    login.secret_hash = repository.hash_secret(secret)
    return secret


def _signature(named: str, settings: GatewaySettings) -> str:
    key = settings.secret_key.get_secret_value().encode()
    return hmac.new(key, b"refresh:" + named.encode(), hashlib.sha256).hexdigest()


def refresh(session: Session, secret: str, settings: GatewaySettings) -> TokenPair:
    """The next pair of tokens; the used refresh token becomes void.

    A refresh token that is used twice was stolen from somebody: see `revoke_if_stolen`.

    Raises:
        ProblemError: `refresh_token_invalid`, 401.
    """
    login = repository.live(session, "refresh", secret)
    if login is None:
        raise unauthorized("refresh_token_invalid")
    login.active_at = now()
    return _pair(login, login.user, _next_secret(login, settings), settings)


def revoke_if_stolen(session: Session, secret: str, settings: GatewaySettings) -> AuthSession | None:
    """Revoke the chain that a refresh token names which is no longer its current one; None without such a chain.

    Only a token that was given out once does that: who knows the chain's id alone, which is no secret, ends nothing.
    """
    named, _, signature = secret.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(named, settings).encode()):
        return None
    login = repository.session_by_id(session, named.partition(".")[0])
    if login is None or login.kind != "refresh" or login.revoked_at is not None:
        return None
    login.revoked_at = now()
    return login


def _pair(login: AuthSession, user: User, refresh_token: str, settings: GatewaySettings) -> TokenPair:
    return TokenPair(
        access_token=make_access_token(login, user, settings),
        refresh_token=refresh_token,
        expires_in=int(settings.access_token_minutes * 60),
    )
