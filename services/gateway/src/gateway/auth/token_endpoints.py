"""`/api/v1/tokens`: API tokens."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from gateway.audit.service import record
from gateway.auth import api_tokens, repository
from gateway.auth.dependencies import CurrentUser, FreshPerson, Person
from gateway.auth.schemas import ApiTokenCreate, ApiTokenCreated, ApiTokenRead
from gateway.database import DbSession
from gateway.errors import ProblemError, not_found, responses
from gateway.users.models import User
from gateway.users.permissions import has_permission

router = APIRouter(prefix="/api/v1/tokens", tags=["tokens"])


@router.get("", responses=responses(401, 403))
def list_tokens(
    user: CurrentUser,
    session: DbSession,
    request: Request,
    everyone: Annotated[bool, Query(description="list the tokens of all users (administrators)")] = False,
) -> list[ApiTokenRead]:
    """List your API tokens, newest first, without their secrets; administrators may list everyone's."""
    if everyone:
        if not has_permission(user.role, "administer"):
            raise ProblemError(403, "forbidden")
        api_tokens.check_scope(request, "admin")
    return [ApiTokenRead.of(token) for token in repository.api_tokens(session, None if everyone else user.id)]


@router.post("", status_code=201, responses=responses(401, 403, 409, 422))
def create_token(new: ApiTokenCreate, user: FreshPerson, session: DbSession, request: Request) -> ApiTokenCreated:
    """Create an API token. Only this response contains its secret. You can keep up to a hundred tokens."""
    token, secret = api_tokens.create(session, user, new)
    detail = {"name": token.name, "scopes": token.scopes}
    record(session, request, user, "token.create", "token", token.id, detail)
    return ApiTokenCreated(**ApiTokenRead.of(token).model_dump(), secret=secret)


@router.delete("/{token_id}", status_code=204, responses=responses(401, 403, 404))
def revoke_token(token_id: str, user: Person, session: DbSession, request: Request) -> None:
    """Revoke one of your tokens (administrators: anyone's)."""
    token = repository.api_token(session, token_id)
    if token is None or not _may_revoke(user, token.user):
        raise not_found("token")
    api_tokens.revoke(token)
    record(session, request, user, "token.revoke", "token", token.id, {"name": token.name, "user": token.user.username})


def _may_revoke(user: User, owner: User) -> bool:
    return has_permission(user.role, "administer") or user.id == owner.id
