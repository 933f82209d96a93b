"""The case that a path names."""

from typing import Annotated

from fastapi import Depends

from gateway.auth.dependencies import CurrentUser
from gateway.cases import repository
from gateway.cases.models import Case
from gateway.cases.reading import check_free
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


def free_case(case: VisibleCase, user: CurrentUser) -> Case:
    """The case of `{case_id}`, unless another reader has claimed it.

    Raises:
        ProblemError: `not_found` (404) or `case_claimed` (409).
    """
    check_free(case, user)
    return case


FreeCase = Annotated[Case, Depends(free_case, scope="function")]
