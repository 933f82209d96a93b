"""Emergency access to a case, and telling its owner; of a program's case, the people of its group."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from gateway.audit.service import record
from gateway.auth.api_tokens import check_scope
from gateway.auth.dependencies import CurrentUser, Person, PresentPerson
from gateway.cases import repository
from gateway.cases.repositories import emergencies
from gateway.clock import now
from gateway.database import DbSession
from gateway.emergency import repository as emergency
from gateway.emergency.models import EmergencyAccess
from gateway.errors import not_found, responses
from gateway.users.permissions import has_permission

router = APIRouter(prefix="/api/v1", tags=["cases"])


class EmergencyOpen(BaseModel):
    """The reason for opening a case in an emergency."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: str = Field(
        min_length=10, max_length=500, description="reason; the case's owner sees it, and the audit log records it"
    )


class EmergencyRead(BaseModel):
    """The access of an administrator to another user's case in an emergency."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(description="identifier of the access")
    case_id: str = Field(description="identifier of the case")
    opened_by: str = Field(description="name of the administrator")
    reason: str = Field(description="reason for the access")
    opened_at: datetime = Field(description="start of the access")
    ends_at: datetime = Field(description="end of the access")
    seen_at: datetime | None = Field(
        description="time at which the owner or another notified user acknowledged it; null until then"
    )


@router.post(
    "/cases/{case_id}/emergency-access",
    status_code=201,
    response_model=EmergencyRead,
    responses=responses(401, 403, 404, 422),
)
def open_in_emergency(
    case_id: str, body: EmergencyOpen, user: PresentPerson, session: DbSession, request: Request
) -> EmergencyAccess:
    """Open another user's case for an hour (administrators, in the portal). The owner is notified of the reason."""
    case = repository.by_id_or_none(session, case_id)
    if case is None:
        raise not_found("case")
    others = emergencies.around(session, case)
    access = emergency.open_case(session, case.id, case.owner_id, user, body.reason, others)
    record(session, request, user, "case.emergency", "case", case.id, {"reason": body.reason})
    return access


@router.get("/emergency-access", response_model=list[EmergencyRead], responses=responses(401, 403, 422))
def list_emergencies(
    user: CurrentUser, session: DbSession, request: Request, limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> Sequence[EmergencyAccess]:
    """List emergency accesses to your cases, newest first; administrators and auditors get all."""
    everybody = has_permission(user.role, "audit")
    if everybody:
        check_scope(request, "admin")
    return emergencies.accesses(session, None if everybody else user, limit)


@router.post("/emergency-access/{access_id}/seen", response_model=EmergencyRead, responses=responses(401, 403, 404))
def note_emergency(access_id: str, user: Person, session: DbSession, request: Request) -> EmergencyAccess:
    """Acknowledge an emergency access to your case, as a person. The worklist shows it until then."""
    access = emergencies.visible_access(session, user, access_id)
    if access is None:
        raise not_found("emergency")
    if access.seen_at is None:
        access.seen_at = now()
        record(session, request, user, "case.emergency_seen", "case", access.case_id)
    return access
