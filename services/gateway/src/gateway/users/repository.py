"""Queries on users."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.users.models import User


def by_id(session: Session, user_id: str) -> User | None:
    """The user of this id."""
    return session.get(User, user_id)


def by_username(session: Session, username: str) -> User | None:
    """The user of this name, compared in lower case."""
    return session.scalar(select(User).where(User.username == username.lower()))


def all_users(session: Session) -> Sequence[User]:
    """All users by name."""
    return session.scalars(select(User).order_by(User.username)).all()
