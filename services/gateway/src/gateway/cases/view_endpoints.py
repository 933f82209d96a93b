"""`/api/v1/views`: searches of the worklist that you keep under a name."""

from collections.abc import Sequence
from typing import Annotated
from unicodedata import category
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gateway.audit.service import record
from gateway.auth.dependencies import CurrentUser
from gateway.cases import repository
from gateway.cases.models import SavedView
from gateway.database import DbSession
from gateway.errors import ProblemError, not_found, responses
from gateway.users.repository import lock_user
from lobule.one_line import ONE_LINE

router = APIRouter(prefix="/api/v1/views", tags=["views"])

PARAMETERS = ("q", "state", "assessment", "modality", "reader", "group", "unread", "sort", "reverse")
"""What an address of the worklist may say."""
_MOST = 20
_LONGEST = 500  # as an address has it: other characters than ASCII take up to twelve each


class ViewWrite(BaseModel):
    """A search to save."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40, pattern=ONE_LINE)] = (
        Field(examples=["Urgent"], description="name of the view; a view with the same name is replaced")
    )
    query: Annotated[str, StringConstraints(max_length=_LONGEST, pattern=r"^[^\x00]*$")] = Field(
        examples=["state=ready&sort=study_date"], description="query of the worklist's address"
    )


class ViewRead(BaseModel):
    """A saved search."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(description="identifier of the view")
    name: str = Field(description="name of the view")
    query: str = Field(description="query of the worklist's address, without unknown parameters")


@router.get("", response_model=list[ViewRead], responses=responses(401))
def list_views(user: CurrentUser, session: DbSession) -> Sequence[SavedView]:
    """List your views by name."""
    return repository.views_of(session, user.id)


@router.post("", status_code=201, response_model=ViewRead, responses=responses(401, 403, 409, 422))
def save_view(body: ViewWrite, user: CurrentUser, session: DbSession, request: Request) -> SavedView:
    """Save a search of the worklist as a view. You can keep up to twenty views."""
    lock_user(session, user.id)  # two requests at once do not share the last place
    own = repository.views_of(session, user.id)
    view = next((view for view in own if view.name == body.name), None)
    if view is None:
        if len(own) >= _MOST:
            raise ProblemError(409, "too_many_views")
        view = SavedView(user_id=user.id, name=body.name)
        session.add(view)
    view.query = _kept(body.query)
    session.flush()
    record(session, request, user, "view.save", "view", view.id)
    return view


def _kept(query: str) -> str:
    """The parameters of a query that the worklist knows.

    Raises:
        ProblemError: `invalid_request`, 422, if that is too long, or has control characters.
    """
    pairs = [(name, value) for name, value in parse_qsl(query) if name in PARAMETERS]
    kept = urlencode(pairs)
    if len(kept) > _LONGEST or any(category(character) == "Cc" for _, value in pairs for character in value):
        raise ProblemError(422, "invalid_request", "view_query")
    return kept


@router.delete("/{view_id}", status_code=204, responses=responses(401, 403, 404))
def delete_view(view_id: str, user: CurrentUser, session: DbSession, request: Request) -> None:
    """Delete one of your views."""
    view = next((view for view in repository.views_of(session, user.id) if view.id == view_id), None)
    if view is None:
        raise not_found("view")
    record(session, request, user, "view.delete", "view", view.id)
    repository.delete_view(session, view)
