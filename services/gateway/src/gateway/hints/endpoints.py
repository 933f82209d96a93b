"""`/api/v1/hints`: which hints of the portal you have seen."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path

from gateway.auth.dependencies import CurrentUser
from gateway.database import DbSession
from gateway.errors import responses
from gateway.hints import repository

router = APIRouter(prefix="/api/v1/hints", tags=["users"])

Hint = Literal["tour"]


@router.put("/{hint}", status_code=204, responses=responses(401, 403, 422))
def note_hint(
    hint: Annotated[Hint, Path(description="name of the hint")], user: CurrentUser, session: DbSession
) -> None:
    """Mark a hint of the portal as seen, so that it is not shown again."""
    repository.note_seen(session, user.id, hint)
