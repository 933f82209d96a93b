"""`/api/v1/users`. What gives rights or opens accounts is for a person: a stolen API token must not."""

from collections.abc import Sequence

from fastapi import APIRouter, Request

from gateway.accounts import service
from gateway.accounts.new_passwords import ChangeHash, ResetHash, UserHash
from gateway.accounts.schemas import UserCreate, UserRead, UserUpdate
from gateway.audit.service import record
from gateway.auth import sessions
from gateway.auth.dependencies import AdminUser, AppSettings, CurrentUser, FreshPerson, Person
from gateway.auth.login_places import LoginPlace
from gateway.database import DbSession
from gateway.errors import not_found, responses
from gateway.users import repository
from gateway.users.models import User

router = APIRouter(prefix="/api/v1/users", tags=["users"])


@router.get("/me", response_model=UserRead, responses=responses(401))
def read_me(user: CurrentUser) -> User:
    """Return your own user."""
    return user


@router.post("/me/password", status_code=204, responses=responses(401, 403, 409, 422, 429), dependencies=[LoginPlace])
def change_password(
    change: ChangeHash, user: Person, session: DbSession, request: Request, settings: AppSettings
) -> None:
    """Change your password. Your other sessions end."""
    service.change_password(session, user, change, keep=sessions.read_session(session, request, settings))
    record(session, request, user, "user.password", "user", user.id)


@router.get("", response_model=list[UserRead], responses=responses(401, 403))
def list_users(_admin: AdminUser, session: DbSession) -> Sequence[User]:
    """List all users (administrators)."""
    return repository.all_users(session)


@router.post(
    "",
    status_code=201,
    response_model=UserRead,
    responses=responses(401, 403, 409, 422),
    dependencies=[LoginPlace],
)
def create_user(
    new: UserCreate, password_hash: UserHash, admin: FreshPerson, session: DbSession, request: Request
) -> User:
    """Add a user (administrators). A person must choose a new password at the first login; a program need not."""
    user = service.create_user(session, new, password_hash, by_another=True)
    detail = {"username": user.username, "role": user.role}
    record(session, request, admin, "user.create", "user", user.id, detail)
    return user


@router.patch("/{user_id}", response_model=UserRead, responses=responses(401, 403, 404, 409, 422))
def update_user(user_id: str, changes: UserUpdate, admin: FreshPerson, session: DbSession, request: Request) -> User:
    """Change a user's name, role or activity (administrators). Removing rights ends all sessions of the user."""
    user = _user(session, user_id)
    service.update_user(session, user, changes, admin)
    detail = {"username": user.username} | changes.model_dump(exclude_none=True)
    record(session, request, admin, "user.update", "user", user.id, detail)
    return user


@router.post(
    "/{user_id}/password", status_code=204, responses=responses(401, 403, 404, 409, 422), dependencies=[LoginPlace]
)
def reset_password(
    user_id: str, password_hash: ResetHash, admin: FreshPerson, session: DbSession, request: Request
) -> None:
    """Set a user's password (administrators). All sessions and API tokens of the user end.

    The user has to choose a new password at the next login.
    """
    user = _user(session, user_id)
    service.reset_password(session, user, password_hash, by_another=True)
    record(session, request, admin, "user.password_reset", "user", user.id, {"username": user.username})


@router.delete("/{user_id}/second-factor", status_code=204, responses=responses(401, 403, 404))
def reset_second_factor(user_id: str, admin: FreshPerson, session: DbSession, request: Request) -> None:
    """Turn off the second factor of a user who has lost it (administrators). All sessions of the user end."""
    user = _user(session, user_id)
    service.reset_second_factor(session, user)
    record(session, request, admin, "user.second_factor_reset", "user", user.id, {"username": user.username})


def _user(session: DbSession, user_id: str) -> User:
    user = repository.by_id(session, user_id)
    if user is None:
        raise not_found("user")
    return user
