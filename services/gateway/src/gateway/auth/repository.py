"""Queries on logins."""

import hashlib

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from gateway.auth.models import AuthSession, Kind
from gateway.clock import now


def hash_secret(secret: str) -> str:
    """What is stored of a random secret; it has enough entropy for a plain hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def live(session: Session, kind: Kind, secret: str) -> AuthSession | None:
    """The login of this secret, if it is neither over nor revoked and its user is active."""
    found = session.scalar(
        select(AuthSession).where(AuthSession.kind == kind, AuthSession.secret_hash == hash_secret(secret))
    )
    if found is None or found.revoked_at or found.expires_at <= now() or not found.user.active:
        return None
    return found


def by_previous_secret(session: Session, secret: str) -> AuthSession | None:
    """The chain in which this refresh token was already used."""
    return session.scalar(select(AuthSession).where(AuthSession.previous_hash == hash_secret(secret)))


def delete_expired(session: Session) -> None:
    """Delete expired sessions."""
    session.execute(delete(AuthSession).where(AuthSession.expires_at <= now()))


def revoke_all(session: Session, user_id: str, but: AuthSession | None = None) -> None:
    """End every login of a user, in browsers and of API clients, but this one."""
    live = update(AuthSession).where(AuthSession.user_id == user_id, AuthSession.revoked_at.is_(None))
    if but is not None:
        live = live.where(AuthSession.id != but.id)
    session.execute(live.values(revoked_at=now()))
