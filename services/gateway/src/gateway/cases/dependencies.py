"""The case that a path names."""

from typing import Annotated

from fastapi import Depends

from gateway.auth.dependencies import CurrentUser
from gateway.cases import repository
from gateway.cases.models import Case
from gateway.database import DbSession
from gateway.errors import not_found


def visible_case(case_id: str, user: CurrentUser, session: DbSession) -> Case:
    """The case of `{case_id}`, if this user may see it.

    Raises:
        ProblemError: `not_found`, 404.
    """
    case = repository.visible(session, user, case_id)
    if case is None:
        raise not_found("case")
    return case


VisibleCase = Annotated[Case, Depends(visible_case, scope="function")]
