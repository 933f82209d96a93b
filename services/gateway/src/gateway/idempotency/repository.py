"""Queries on keyed requests."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from gateway.clock import now
from gateway.idempotency.models import KeyedRequest


class RequestKey(NamedTuple):
    """Identifies the row of a request."""

    user_id: str
    key: str
    at: datetime


def add(session: Session, user_id: str, key: str, digest: str) -> datetime | None:
    """Add a request. Waits for a transaction that is adding the same key.

    Returns:
        When it was added; None if the user already has a request with this key.
    """
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = insert(KeyedRequest).values(user_id=user_id, key=key, digest=digest, created_at=now())
    return session.scalar(row.on_conflict_do_nothing().returning(KeyedRequest.created_at))


def find(session: Session, user_id: str, key: str) -> KeyedRequest | None:
    """The user's request of this key."""
    return session.get(KeyedRequest, (user_id, key))


def keep_response(session: Session, noted: RequestKey, status: int, headers: dict[str, str], body: str) -> None:
    """Store the response of a request, if its row still exists.

    The time distinguishes it from a later request with the same key: the row of a refused request is rolled back, and
    the client may send the request again before the response is stored.
    """
    row = (KeyedRequest.user_id, KeyedRequest.key, KeyedRequest.created_at)
    ours = [column == value for column, value in zip(row, noted, strict=True)]
    session.execute(update(KeyedRequest).where(*ours).values(status=status, headers=headers, body=body))


def forget(session: Session, before: datetime, user_id: str | None = None) -> int:
    """Delete the requests from before a time, of one user or of all; returns how many."""
    old = delete(KeyedRequest).where(KeyedRequest.created_at < before)
    gone = session.execute(old if user_id is None else old.where(KeyedRequest.user_id == user_id))
    return gone.rowcount  # pyright: ignore[reportAttributeAccessIssue] - a DML result
