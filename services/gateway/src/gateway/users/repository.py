"""Queries on users."""

from collections.abc import Sequence

from sqlalchemy import delete as delete_from
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from gateway.clock import now
from gateway.roles import Role
from gateway.users.models import User


def by_id(session: Session, user_id: str) -> User | None:
    """The user of this id."""
    return session.get(User, user_id)


def by_username(session: Session, username: str) -> User | None:
    """The user of this name, compared in lower case."""
    return session.scalar(select(User).where(User.username == username.lower()))


def by_identity(session: Session, identity: str) -> User | None:
    """The user of this issuer and subject of single sign-on."""
    return session.scalar(select(User).where(User.identity == identity))


def all_users(session: Session) -> Sequence[User]:
    """All users by name."""
    return session.scalars(select(User).order_by(User.username)).all()


def has_admin(session: Session) -> bool:
    """Whether there is an active administrator."""
    query = select(func.count()).select_from(User).where(User.role == "admin", User.active)
    return bool(session.scalar(query))


def lock_admins(session: Session) -> None:
    """Have other changes of administrators wait for the end of the transaction, so that two do not remove the last."""
    query = select(User.id).where(User.role == "admin").order_by(User.id)
    session.scalars(query.with_for_update(key_share=True)).all()


def logged_in(session: Session, user_id: str) -> None:
    """Note that a user logged in now."""
    session.execute(update(User).where(User.id == user_id).values(last_login_at=now()))


def lock_user(session: Session, user_id: str) -> None:
    """Have the user's other requests wait, so that two at once do not open the same case twice."""
    session.scalars(select(User.id).where(User.id == user_id).with_for_update(key_share=True)).one()


def locked_role(session: Session, user_id: str) -> Role:
    """A user's role; other changes of the user wait for the end of the transaction."""
    return session.scalars(select(User.role).where(User.id == user_id).with_for_update(key_share=True)).one()


def locked_password_hash(session: Session, user_id: str) -> str:
    """The stored hash of a user's password; other changes of the user wait for the end of the transaction."""
    query = select(User.password_hash).where(User.id == user_id)
    return session.scalars(query.with_for_update(key_share=True)).one()


def delete(session: Session, user: User) -> None:
    """Delete a user with sessions, tokens, webhooks and views.

    Raises:
        IntegrityError: Something is kept that names them.
    """
    session.execute(delete_from(User).where(User.id == user.id))
