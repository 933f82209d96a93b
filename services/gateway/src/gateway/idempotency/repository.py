"""Queries on keyed requests."""

from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from gateway.clock import now
from gateway.idempotency.models import KeyedRequest


def add(session: Session, user_id: str, key: str, digest: str) -> bool:
    """Note a request; False where the user has one of this key. Waits for a transaction that is adding the same."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = insert(KeyedRequest).values(user_id=user_id, key=key, digest=digest, created_at=now())
    return session.scalar(row.on_conflict_do_nothing().returning(KeyedRequest.key)) is not None


def find(session: Session, user_id: str, key: str) -> KeyedRequest | None:
    """The user's request of this key."""
    return session.get(KeyedRequest, (user_id, key))


def keep_answer(session: Session, user_id: str, key: str, status: int, headers: dict[str, str], body: str) -> None:
    """Keep the answer of a request."""
    ours = (KeyedRequest.user_id == user_id, KeyedRequest.key == key)
    session.execute(update(KeyedRequest).where(*ours).values(status=status, headers=headers, body=body))


def forget(session: Session, user_id: str, before: datetime) -> None:
    """Delete the requests of a user from before a time."""
    session.execute(delete(KeyedRequest).where(KeyedRequest.user_id == user_id, KeyedRequest.created_at < before))
