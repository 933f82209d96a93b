"""`/api/v1/cases`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from gateway.audit.service import record
from gateway.auth.dependencies import CurrentUser
from gateway.cases import repository
from gateway.cases.models import Case
from gateway.cases.schemas import CaseCreate, CaseDetail, CasePage, CaseRead
from gateway.database import DbSession
from gateway.errors import not_found, responses
from gateway.images import repository as images
from gateway.images.schemas import ImageRead

router = APIRouter(prefix="/api/v1/cases", tags=["cases"])


@router.post("", status_code=201, response_model=CaseRead, responses=responses(401, 422))
def create_case(new: CaseCreate, user: CurrentUser, session: DbSession, request: Request) -> Case:
    """Open a case under a pseudonym."""
    case = Case(owner_id=user.id, pseudonym=new.pseudonym)
    session.add(case)
    session.flush()
    record(session, request, user, "case.create", "case", case.id)
    return case


@router.get("", responses=responses(401, 422))
def list_cases(
    user: CurrentUser,
    session: DbSession,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> CasePage:
    """Your cases, newest first."""
    rows, next_cursor = repository.newest(session, user, limit, cursor)
    return CasePage(items=[CaseRead.model_validate(row) for row in rows], next_cursor=next_cursor)


@router.get("/{case_id}", responses=responses(401, 404))
def read_case(case_id: str, user: CurrentUser, session: DbSession) -> CaseDetail:
    """A case with its images."""
    case = repository.visible(session, user, case_id)
    if case is None:
        raise not_found("case")
    of_case = [ImageRead.model_validate(image) for image in images.of_case(session, case.id)]
    return CaseDetail(id=case.id, pseudonym=case.pseudonym, created_at=case.created_at, images=of_case)
