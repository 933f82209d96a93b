"""Queries on logins and API tokens."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from gateway.auth.models import ApiToken, AuthSession, Kind
from gateway.clock import now
from gateway.users.models import User

_MOST_SESSIONS = 200
"""In a list: a program may log in every minute."""


def hash_secret(secret: str) -> str:
    """The hash that is stored of a random secret, which has enough entropy for a plain hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def live(session: Session, kind: Kind, secret: str) -> AuthSession | None:
    """The login of this secret, if it has not expired or been revoked and its user is active."""
    found = session.scalar(
        select(AuthSession).where(AuthSession.kind == kind, AuthSession.secret_hash == hash_secret(secret))
    )
    if found is None or found.revoked_at or found.expires_at <= now() or not found.user.active:
        return None
    return found


def session_by_id(session: Session, session_id: str) -> AuthSession | None:
    """A session, even if it has ended."""
    return session.get(AuthSession, session_id)


def sessions_of(session: Session, user_id: str, idle_minutes: float) -> Sequence[AuthSession]:
    """The live sessions of a user, of browsers and of API clients, the last active first, and no more than a list has.

    Args:
        session: The transaction.
        user_id: Whose.
        idle_minutes: After so long without an act a browser's session is over.
    """
    awake = or_(AuthSession.kind != "portal", AuthSession.active_at > now() - timedelta(minutes=idle_minutes))
    live = select(AuthSession).where(
        AuthSession.user_id == user_id, AuthSession.revoked_at.is_(None), AuthSession.expires_at > now(), awake
    )
    return session.scalars(live.order_by(AuthSession.active_at.desc(), AuthSession.id).limit(_MOST_SESSIONS)).all()


def note_activity(session: Session, session_id: str) -> None:
    """Note that the user of a session did something now."""
    session.execute(update(AuthSession).where(AuthSession.id == session_id).values(active_at=now()))


def note_authentication(session: Session, session_id: str) -> None:
    """Note that the person of a session proved now who they are."""
    session.execute(
        update(AuthSession).where(AuthSession.id == session_id).values(authenticated_at=now(), active_at=now())
    )


def delete_expired(session: Session) -> None:
    """Delete expired sessions."""
    session.execute(delete(AuthSession).where(AuthSession.expires_at <= now()))


def revoke_all(session: Session, user_id: str, keep: AuthSession | None = None) -> None:
    """End every login of a user except this one, in browsers and of API clients."""
    live = update(AuthSession).where(AuthSession.user_id == user_id, AuthSession.revoked_at.is_(None))
    if keep is not None:
        live = live.where(AuthSession.id != keep.id)
    session.execute(live.values(revoked_at=now()))


def end_of_provider(session: Session, user_id: str | None, provider_session: str | None) -> int:
    """End the sessions that belong to one of a provider's, or all of a user where it names none; returns how many."""
    live = update(AuthSession).where(AuthSession.revoked_at.is_(None), AuthSession.kind == "portal")
    if provider_session is not None:
        live = live.where(AuthSession.provider_session == provider_session)
    if user_id is not None:
        live = live.where(AuthSession.user_id == user_id)
    elif provider_session is None:
        return 0
    return session.execute(live.values(revoked_at=now())).rowcount  # pyright: ignore[reportAttributeAccessIssue]


def api_token_of(session: Session, secret: str) -> ApiToken | None:
    """The API token of this secret, even if it has expired or been revoked."""
    return session.scalar(select(ApiToken).where(ApiToken.secret_hash == hash_secret(secret)))


def api_token(session: Session, token_id: str) -> ApiToken | None:
    """An API token that is not revoked."""
    token = session.get(ApiToken, token_id)
    return token if token is not None and token.revoked_at is None else None


def api_tokens(session: Session, user_id: str | None) -> Sequence[ApiToken]:
    """The API tokens of a user, or of all, newest first, without those that are revoked."""
    query = select(ApiToken).where(ApiToken.revoked_at.is_(None)).order_by(ApiToken.created_at.desc())
    return session.scalars(query if user_id is None else query.where(ApiToken.user_id == user_id)).all()


def api_token_used(session: Session, token_id: str) -> None:
    """Note that an API token was used now."""
    session.execute(update(ApiToken).where(ApiToken.id == token_id).values(last_used_at=now()))


def revoke_api_tokens(session: Session, user_id: str) -> None:
    """Revoke every API token of a user."""
    live = update(ApiToken).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
    session.execute(live.values(revoked_at=now()))


def count_failed_login(session: Session, username: str, address: str) -> None:
    """Count a failed login beside the user of this name, if there is one."""
    failed = {"failed_logins": User.failed_logins + 1, "failed_login_at": now(), "failed_login_address": address[:50]}
    session.execute(update(User).where(User.username == username.lower()).values(**failed))


def take_failed_logins(session: Session, user_id: str) -> tuple[int, datetime | None, str | None, datetime | None]:
    """The failed logins since a user's last login to the portal; resets their count, because the user logs in now.

    Returns:
        How many there were, when the last one was, its address, and when the user logged in before.
    """
    found = select(User.failed_logins, User.failed_login_at, User.failed_login_address, User.portal_login_at)
    count, last_at, address, since = session.execute(
        found.where(User.id == user_id).with_for_update(key_share=True)
    ).one()
    session.execute(update(User).where(User.id == user_id).values(failed_logins=0, portal_login_at=now()))
    return count, last_at, address, since
