"""Access tokens (short-lived JWT) and refresh tokens (random, rotated at each use)."""

import secrets
from datetime import timedelta

import jwt
from sqlalchemy.orm import Session

from gateway.auth import repository
from gateway.auth.models import AuthSession
from gateway.auth.schemas import TokenPair
from gateway.clock import now
from gateway.errors import ProblemError
from gateway.settings import GatewaySettings
from gateway.users.models import User

_ALGORITHM = "HS256"
_ISSUER = "lobule"


def make_access_token(user: User, settings: GatewaySettings) -> str:
    """A signed access token that names the user, valid for minutes."""
    claims = {
        "iss": _ISSUER,
        "sub": user.id,
        "role": user.role,
        "epoch": user.auth_epoch,
        "iat": now(),
        "exp": now() + timedelta(minutes=settings.access_token_minutes),
    }
    return jwt.encode(claims, settings.secret_key.get_secret_value(), algorithm=_ALGORITHM)


def read_access_token(token: str, settings: GatewaySettings) -> tuple[str, int]:
    """User id and epoch in a valid access token. It is void if the user's epoch has changed.

    Raises:
        ProblemError: `token_expired` or `token_invalid`, 401.
    """
    try:
        claims = jwt.decode(
            token,
            settings.secret_key.get_secret_value(),
            algorithms=[_ALGORITHM],
            issuer=_ISSUER,
            options={"require": ["exp", "sub", "iss"]},
        )
    except jwt.ExpiredSignatureError:
        raise unauthorized("token_expired") from None
    except jwt.InvalidTokenError:
        raise unauthorized("token_invalid") from None
    return str(claims["sub"]), int(claims.get("epoch", 0))


def unauthorized(code: str, reason: str | None = None) -> ProblemError:
    """A 401 with a `WWW-Authenticate` header."""
    return ProblemError(401, code, reason, headers={"WWW-Authenticate": "Bearer"})


def open_login(session: Session, user: User, settings: GatewaySettings) -> TokenPair:
    """The first pair of tokens for an authenticated user."""
    secret = secrets.token_urlsafe(32)
    session.add(
        AuthSession(
            user_id=user.id,
            kind="refresh",
            secret_hash=repository.hash_secret(secret),
            expires_at=now() + timedelta(days=settings.refresh_token_days),
        )
    )
    return _pair(user, secret, settings)


def refresh(session: Session, secret: str, settings: GatewaySettings) -> TokenPair:
    """The next pair of tokens; the used refresh token becomes void.

    A refresh token that is used twice was stolen from somebody: see `revoke_if_stolen`.

    Raises:
        ProblemError: `refresh_token_invalid`, 401.
    """
    login = repository.live(session, "refresh", secret)
    if login is None:
        raise unauthorized("refresh_token_invalid")
    fresh = secrets.token_urlsafe(32)
    login.previous_hash, login.secret_hash = login.secret_hash, repository.hash_secret(fresh)
    return _pair(login.user, fresh, settings)


def revoke_if_stolen(session: Session, secret: str) -> bool:
    """Revoke the chain in which this refresh token was used before; True where there was one."""
    login = repository.by_previous_secret(session, secret)
    if login is None:
        return False
    login.revoked_at = now()
    return True


def _pair(user: User, refresh_token: str, settings: GatewaySettings) -> TokenPair:
    return TokenPair(
        access_token=make_access_token(user, settings),
        refresh_token=refresh_token,
        expires_in=int(settings.access_token_minutes * 60),
    )
