"""API tokens: named keys for programs, with scopes and an expiry date; only a hash is stored."""

import secrets
from contextlib import suppress
from datetime import timedelta

from fastapi import Request
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from gateway.auth import repository
from gateway.auth.models import ApiToken, Scope
from gateway.auth.repository import hash_secret
from gateway.auth.schemas import ApiTokenCreate
from gateway.auth.tokens import unauthorized
from gateway.clock import now
from gateway.database import only_reads
from gateway.errors import ProblemError
from gateway.users.models import User
from gateway.users.permissions import has_permission
from gateway.users.repository import lock_user

MOST_TOKENS = 100
"""Of a user, without those that are revoked."""
_PREFIX = "lobule_"
_HINT_LENGTH = len(_PREFIX) + 5
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_NOTE_USE_EVERY = timedelta(minutes=1)


def is_api_token(secret: str) -> bool:
    """Whether a bearer token is an API token. All have the same prefix, so that leaked ones can be searched for."""
    return secret.startswith(_PREFIX)


def may_have_admin_scope(user: User) -> bool:
    """Whether a token of this user's may have the scope `admin`, without which it reaches no administrator's route."""
    return has_permission(user.role, "administer") or has_permission(user.role, "audit")


def create(session: Session, user: User, new: ApiTokenCreate) -> tuple[ApiToken, str]:
    """A new token of a user and its secret, which is not stored.

    Raises:
        ProblemError: `forbidden`, 403, for the scope `admin` where the user is no administrator or auditor, or
            `too_many_tokens`, 409.
    """
    if "admin" in new.scopes and not may_have_admin_scope(user):
        raise ProblemError(403, "forbidden", "admin_scope")
    lock_user(session, user.id)  # two requests at once do not share the last place
    if len(repository.api_tokens(session, user.id)) >= MOST_TOKENS:
        raise ProblemError(409, "too_many_tokens")
    secret = _PREFIX + secrets.token_urlsafe(32)
    token = ApiToken(
        user_id=user.id,
        name=new.name,
        hint=secret[:_HINT_LENGTH],
        secret_hash=hash_secret(secret),
        scopes=sorted(set(new.scopes)),
        expires_at=now() + timedelta(days=new.expires_in_days) if new.expires_in_days else None,
    )
    session.add(token)
    session.flush()
    return token, secret


def use(request: Request, session: Session, secret: str) -> ApiToken:
    """The valid token of this secret, where its scopes allow this request.

    Raises:
        ProblemError: `token_invalid` (401) or `scope_missing` (403).
    """
    token = repository.api_token_of(session, secret)
    over = token is None or token.revoked_at or (token.expires_at and token.expires_at <= now())
    if token is None or over or not token.user.active:
        raise unauthorized("token_invalid", "api_token")
    request.state.api_token = token
    note_actor(request, token.user, token)
    check_scope(request, "read" if request.method in _SAFE_METHODS else "write")
    _note_use(request, session, token)
    return token


def note_actor(request: Request, user: User, token: ApiToken | None = None) -> None:
    """Keep user and token for the audit log in case of a refusal, by when the rows may be rolled back."""
    request.state.actor = (user.id, user.username, token.id if token else None)


def check_scope(request: Request, scope: Scope) -> None:
    """Refuse a request whose API token lacks the scope.

    Raises:
        ProblemError: `scope_missing`, 403.
    """
    token: ApiToken | None = getattr(request.state, "api_token", None)
    if token is not None and scope not in token.scopes:
        raise ProblemError(403, "scope_missing", "named", values={"scope": scope})


def _note_use(request: Request, session: Session, token: ApiToken) -> None:
    """Note the time of last use, to the minute, unless the session only reads."""
    if token.last_used_at is not None and now() - token.last_used_at < _NOTE_USE_EVERY:
        return
    if only_reads(session):
        with suppress(OperationalError), request.app.state.sessions.begin() as writing:  # a busy database: next time
            repository.api_token_used(writing, token.id)
    else:
        repository.api_token_used(session, token.id)


def revoke(token: ApiToken) -> None:
    """Revoke the token."""
    token.revoked_at = now()
