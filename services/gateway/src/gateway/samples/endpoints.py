"""`/api/v1/sample-case`: a case of synthetic films to try the portal with."""

from typing import Annotated

from fastapi import APIRouter, Header, Request
from sqlalchemy.orm import Session

from gateway.audit.service import record
from gateway.auth.dependencies import CurrentUser, DetachedUser
from gateway.cases import repository as cases
from gateway.cases.schemas import CaseRead
from gateway.database import DbSession, read
from gateway.errors import responses
from gateway.jobs.queues.quotas import Quota
from gateway.samples import service
from lobule.contracts.language import negotiate_language

router = APIRouter(prefix="/api/v1/sample-case", tags=["cases"])


@router.post("", status_code=201, responses=responses(401, 403, 429, 503, 507))
def open_sample_case(
    user: DetachedUser, request: Request, accept_language: Annotated[str | None, Header(max_length=500)] = None
) -> CaseRead:
    """Create a case of four synthetic films to try the portal with, or return yours.

    The case is analysed and read like any other, but cannot be signed or get other films. Only you see it, unless you
    share it or an administrator opens it in an emergency. Missing films are added again.
    """
    state = request.app.state

    def note(session: Session, case_id: str) -> None:
        record(session, request, user, "case.sample", "case", case_id)

    language = negotiate_language(accept_language)
    token_id = Quota.of_request(request, user).token_id
    case_id = service.open_sample(state.sessions, state.store, state.uploads, user, language, note, token_id)
    return CaseRead.model_validate(read(state.sessions, lambda session: cases.by_id(session, case_id)))


@router.delete("", status_code=204, responses=responses(401, 403, 404, 409))
def delete_sample_case(user: CurrentUser, session: DbSession, request: Request) -> None:
    """Delete your sample case with its images and analyses."""
    case_id = service.delete_sample(session, request.app.state.store, user)
    record(session, request, user, "case.delete_sample", "case", case_id)
