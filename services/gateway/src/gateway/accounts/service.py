"""Creating and changing users. Removing rights ends all sessions of the user."""

from typing import NamedTuple

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway.accounts.schemas import UserCreate, UserUpdate
from gateway.auth import repository as logins
from gateway.auth.models import AuthSession
from gateway.auth.second_factor import service as second_factor
from gateway.clock import now
from gateway.errors import ProblemError
from gateway.groups.service import become_program
from gateway.users import repository
from gateway.users.models import User
from gateway.users.password_rules import check_password_rules
from gateway.users.passwords import hash_password
from gateway.users.permissions import has_permission


class HashedChange(NamedTuple):
    """A change of one's own password.

    Attributes:
        checked: The stored hash that the current password was checked against.
        new: `new_hash` of the new one.
    """

    checked: str
    new: str


def new_hash(password: str, *names: str) -> str:
    """The hash of a new password of the user with these names. It takes long: no transaction may be open.

    Raises:
        ProblemError: `password_weak`, 422.
    """
    check_password_rules(password, names)
    return hash_password(password)


def create_user(session: Session, new: UserCreate, password_hash: str, *, by_another: bool) -> User:
    """Add a user.

    Args:
        session: The transaction.
        new: Name and role.
        password_hash: `new_hash` of the password.
        by_another: Whoever chose the password is not the one who will use it, so it must be changed at the first login.

    Raises:
        ProblemError: `username_taken`, 409.
    """
    if repository.by_username(session, new.username):
        raise ProblemError(409, "username_taken", "named", values={"username": new.username})
    user = User(
        username=new.username.lower(),
        display_name=new.display_name or new.username,
        password_hash=password_hash,
        role=new.role,
        # a program has no person who could choose a password
        must_change_password=by_another and new.role != "service",
    )
    session.add(user)
    session.flush()
    return user


def update_user(session: Session, user: User, changes: UserUpdate, by: User | None) -> None:
    """Change name, role or activity; `by` is None for a command on the server itself.

    Raises:
        ProblemError: `not_yourself`, `last_admin` or `one_group_only`, 409.
    """
    loses_rights = changes.active is False or (changes.role is not None and changes.role != user.role)
    if by is not None and loses_rights and user.id == by.id:
        raise ProblemError(409, "not_yourself")
    if loses_rights:
        repository.lock_admins(session)
    if changes.role == "service" != user.role:
        become_program(session, user)
    user.display_name = changes.display_name or user.display_name
    user.role = changes.role or user.role
    if changes.active is not None:
        user.active = changes.active
    if changes.second_factor_required is not None:
        user.second_factor_required = changes.second_factor_required
    session.flush()
    if not repository.has_admin(session):
        raise ProblemError(409, "last_admin")
    if changes.active is False or (loses_rights and not has_permission(user.role, "read")):
        end_access(session, user)
    elif loses_rights:
        end_logins(session, user)


def delete_user(session: Session, user: User) -> None:
    """Delete the account of a user of whom nothing is kept: one who was made by mistake, or whose cases are deleted.

    The audit log keeps the name.

    Raises:
        ProblemError: `user_has_records` or `last_admin`, 409.
    """
    repository.lock_admins(session)
    was_admin = user.role == "admin"
    try:
        repository.delete(session, user)
    except IntegrityError:
        raise ProblemError(409, "user_has_records") from None
    if was_admin and not repository.has_admin(session):
        raise ProblemError(409, "last_admin")


def change_password(session: Session, user: User, change: HashedChange, keep: AuthSession | None) -> None:
    """Give a user the password that they chose; every login with the old one ends, but the one that changes it.

    Raises:
        ProblemError: `password_elsewhere` (409) for an account of single sign-on, or `wrong_password` (403) if the
            password was changed after the current one was checked.
    """
    if repository.locked_password_hash(session, user.id) != change.checked:
        raise ProblemError(403, "wrong_password")
    _set_password(session, user, change.new, keep)


def reset_password(session: Session, user: User, password_hash: str, *, by_another: bool) -> None:
    """Give a user a password that another person chose. All that goes on without it ends: it may be a thief's.

    Args:
        session: The transaction.
        user: Whose.
        password_hash: `new_hash` of the new one.
        by_another: See `create_user`.

    Raises:
        ProblemError: `password_elsewhere`, 409, for an account of single sign-on.
    """
    _set_password(session, user, password_hash)
    user.must_change_password = by_another and user.role != "service"
    end_access(session, user)


def _set_password(session: Session, user: User, password_hash: str, keep: AuthSession | None = None) -> None:
    if user.identity is not None:
        raise ProblemError(409, "password_elsewhere")
    user.password_hash, user.must_change_password = password_hash, False
    end_logins(session, user, keep)


def reset_second_factor(session: Session, user: User) -> None:
    """Turn off the second factor of a user who has lost it; every login of theirs ends."""
    second_factor.remove(session, user)
    end_logins(session, user)


def end_logins(session: Session, user: User, keep: AuthSession | None = None) -> None:
    """End every session, refresh token and access token of a user."""
    logins.revoke_all(session, user.id, keep)
    user.auth_epoch += 1


def end_access(session: Session, user: User) -> None:
    """End every login of a user, and what goes on without one: API tokens and webhooks."""
    end_logins(session, user)
    logins.revoke_api_tokens(session, user.id)
    user.access_ended_at = now()
