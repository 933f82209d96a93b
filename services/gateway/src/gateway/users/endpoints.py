"""`/api/v1/users`."""

from collections.abc import Sequence

from fastapi import APIRouter, Request

from gateway.audit.service import record
from gateway.auth.dependencies import AdminUser, CurrentUser
from gateway.database import DbSession
from gateway.errors import responses
from gateway.users import repository, service
from gateway.users.models import User
from gateway.users.schemas import UserCreate, UserRead

router = APIRouter(prefix="/api/v1/users", tags=["users"])


@router.get("/me", response_model=UserRead, responses=responses(401))
def read_me(user: CurrentUser) -> User:
    """Who am I?"""
    return user


@router.get("", response_model=list[UserRead], responses=responses(401, 403))
def list_users(_admin: AdminUser, session: DbSession) -> Sequence[User]:
    """All users (administrators)."""
    return repository.all_users(session)


@router.post("", status_code=201, response_model=UserRead, responses=responses(401, 403, 409, 422))
def create_user(new: UserCreate, admin: AdminUser, session: DbSession, request: Request) -> User:
    """Add a user (administrators)."""
    user = service.create_user(session, new)
    record(
        session,
        request,
        admin,
        "user.create",
        "user",
        user.id,
        {"username": user.username, "role": user.role},
    )
    return user
