"""Queries on hints."""

from sqlalchemy.orm import Session

from gateway.hints.models import SeenHint


def is_seen(session: Session, user_id: str, name: str) -> bool:
    """Whether a user has seen a hint."""
    return session.get(SeenHint, (user_id, name)) is not None


def note_seen(session: Session, user_id: str, name: str) -> None:
    """Note that a user has seen a hint."""
    if not is_seen(session, user_id, name):
        session.add(SeenHint(user_id=user_id, name=name))
        session.flush()
