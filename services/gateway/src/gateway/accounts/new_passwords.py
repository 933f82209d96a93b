"""The new password of a request, checked and hashed before the request's transaction begins: a hash takes long."""

from typing import Annotated

from fastapi import Depends, Request

from gateway.accounts import service
from gateway.accounts.schemas import PasswordChange, PasswordReset, UserCreate
from gateway.accounts.service import HashedChange
from gateway.auth.dependencies import WaitingUser, fresh_person, person
from gateway.auth.service import check_password
from gateway.database import read
from gateway.errors import ProblemError, not_found
from gateway.users import repository
from gateway.users.models import User


def waiting_admin(request: Request, user: WaitingUser) -> User:
    """An administrator who proved who they are; see `gateway.auth.dependencies.waiting_user`.

    Raises:
        ProblemError: See `gateway.auth.dependencies.fresh_person`.
    """
    return fresh_person(request, person(request, user))


WaitingAdmin = Annotated[User, Depends(waiting_admin)]


def hash_of_change(change: PasswordChange, user: WaitingUser, request: Request) -> HashedChange:
    """The change of one's own password.

    Raises:
        ProblemError: `login_required` or `wrong_password` (403), `rate_limited` (429), `same_password` or
            `password_weak` (422).
    """
    person(request, user)
    check_password(request, user, change.current)
    if change.new == change.current:
        raise ProblemError(422, "same_password")
    return HashedChange(user.password_hash, service.new_hash(change.new, user.username, user.display_name))


def hash_of_user(new: UserCreate, _admin: WaitingAdmin) -> str:
    """The hash of a new user's password.

    Raises:
        ProblemError: `password_weak`, 422.
    """
    return service.new_hash(new.password, new.username, new.display_name or "")


def hash_of_reset(user_id: str, reset: PasswordReset, _admin: WaitingAdmin, request: Request) -> str:
    """The hash of a password that an administrator sets.

    Raises:
        ProblemError: `not_found` (404) or `password_weak` (422).
    """
    user = read(request.app.state.sessions, lambda session: repository.by_id(session, user_id))
    if user is None:
        raise not_found("user")
    return service.new_hash(reset.password, user.username, user.display_name)


# Each is named before the user of the request, whose dependency begins the transaction.
ChangeHash = Annotated[HashedChange, Depends(hash_of_change)]
UserHash = Annotated[str, Depends(hash_of_user)]
ResetHash = Annotated[str, Depends(hash_of_reset)]
