"""`/api/v1/cases/{id}`: who reads a case, who else may see it, and whether you have seen its last change."""

from typing import Annotated

from fastapi import APIRouter, Header, Request

from gateway.audit.service import record
from gateway.auth.dependencies import CurrentUser, check_fresh_person
from gateway.cases import reading, repository, service
from gateway.cases.dependencies import VisibleCase
from gateway.cases.models import Case
from gateway.cases.schemas import CaseAssign, CaseRead, CaseShare, ReaderRead
from gateway.database import DbSession
from gateway.errors import ProblemError, not_found, responses
from gateway.groups import service as groups
from gateway.users import repository as users
from gateway.users.permissions import has_permission

router = APIRouter(prefix="/api/v1/cases/{case_id}", tags=["cases"])


@router.post("/claim", response_model=CaseRead, responses=responses(401, 403, 404, 409))
def claim_case(case: VisibleCase, user: CurrentUser, session: DbSession, request: Request) -> Case:
    """Claim a case as its reader.

    Nobody else can review or sign it for eight hours, or until you release or sign it.
    """
    case = reading.claim(session, case, user)
    record(session, request, user, "case.claim", "case", case.id)
    return case


@router.get("/reader", responses=responses(401, 404))
def read_reader(case: VisibleCase, user: CurrentUser) -> ReaderRead:
    """Return the reader of a case. Nobody else can review or sign a claimed case."""
    since = case.reading_since if reading.is_claimed(case) else None
    return ReaderRead(reader=case.reader, since=since, yours=case.reader_id == user.id)


@router.post("/release", response_model=CaseRead, responses=responses(401, 403, 404, 409))
def release_case(case: VisibleCase, user: CurrentUser, session: DbSession, request: Request) -> Case:
    """Release a claimed case. The owner may also release it for its reader."""
    was = case.reader
    case = reading.release(session, case, user)
    record(session, request, user, "case.release", "case", case.id, {"was": was} if was else {})
    return case


@router.put("/reader", response_model=CaseRead, responses=responses(401, 403, 404, 409, 422))
def assign_case(body: CaseAssign, case: VisibleCase, user: CurrentUser, session: DbSession, request: Request) -> Case:
    """Assign a case to a user who may see it. The user still has to claim it."""
    reader = users.by_username(session, body.username)
    if reader is None:
        raise ProblemError(422, "reader_cannot_see")
    case = reading.assign(session, case, reader, user)
    record(session, request, user, "case.assign", "case", case.id, {"reader": reader.username})
    return case


@router.put("/group", response_model=CaseRead, responses=responses(401, 403, 404, 422))
def share_case(body: CaseShare, case: VisibleCase, user: CurrentUser, session: DbSession, request: Request) -> Case:
    """Share a case with one of your groups, or with none (its owner). It is then not shared with any other group.

    An administrator who opened the case in an emergency may share it, too, for example if its owner has left.
    """
    if user.id != case.owner_id:
        if not has_permission(user.role, "emergency"):
            raise not_found("own_case")
        check_fresh_person(request)
    group = groups.checked(session, user, body.group_id) if body.group_id else None
    reading.share(session, case, group.id if group else None)
    record(session, request, user, "case.share", "case", case.id, {"group": group.name if group else None})
    return case


@router.put("/visit", status_code=204, responses=responses(401, 403, 404, 412))
def visit_case(
    case: VisibleCase,
    user: CurrentUser,
    session: DbSession,
    if_match: Annotated[str | None, Header(max_length=200, description="the case's ETag as you saw it")] = None,
) -> None:
    """Mark a case as seen. It is unread for you again after its next change.

    Send the ETag of the case that you saw as `If-Match`. If the case has changed since, it stays unread (412
    `case_changed`).
    """
    service.check_unchanged(case, if_match)
    repository.note_visit(session, case, user.id)
