"""`/api/v1/cases/{id}/reads`: a case that two people read apart, and a third one where they disagree."""

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from sqlalchemy.orm import Session

from gateway.audit.service import record
from gateway.auth.dependencies import CurrentUser, PresentPerson
from gateway.cases import reads, sheets
from gateway.cases.dependencies import VisibleCase
from gateway.cases.models import Case, SignedRead
from gateway.cases.repositories.reads import standing
from gateway.database import DbSession
from gateway.errors import responses
from gateway.reports import double_signing
from gateway.reports.double_signing import Outcome, as_reader
from gateway.reports.read_schemas import Act, BeginAnew, DisagreementRead, ReadRead, ReadSigned, ReadsRead
from gateway.reports.schemas import CaseReportCreate
from gateway.reports.service import versions
from gateway.users.models import User
from gateway.users.permissions import has_permission
from lobule.contracts.case import CaseContent

router = APIRouter(prefix="/api/v1/cases/{case_id}", tags=["reports"])

IfMatch = Annotated[str | None, Header(max_length=200, description="the case's ETag as you saw it")]
_SIGNS = responses(401, 403, 404, 409, 412, 422, 429)


@router.get("/reads", responses=responses(401, 404))
def list_reads(case: VisibleCase, user: CurrentUser, session: DbSession) -> ReadsRead:
    """Return the state of double reading; the other reader's part is included once both have signed."""
    signed = standing(session, case) if case.read_twice else []
    own = next((read for read in signed if read.reader_id == user.id), None)
    told = [read for read in signed if not case.blind or read is own]
    return ReadsRead(
        read_twice=case.read_twice,
        rule=case.double_reading if case.read_twice else None,
        signed=case.reads if case.read_twice else 0,
        yours=own.role if own else None,
        reads=[_as_read(read, user) for read in told],
        disagreements=[DisagreementRead.model_validate(each) for each in double_signing.differences(session, case)],
        may=list(_acts(session, case, user, own)),
    )


def _as_read(read: SignedRead, user: User) -> ReadRead:
    content = CaseContent.model_validate(read.content)
    drawn = [drawn for image in content.images for drawn in image.reader_findings]
    return ReadRead(
        **dict(as_reader(read)),
        yours=read.reader_id == user.id,
        reviews=[review for image in content.images for review in image.reviews],
        reader_findings=[each for each in drawn if each.author == read.reader],
        sha256=read.sha256,
    )


def _acts(session: Session, case: Case, user: User, own: SignedRead | None) -> Iterator[Act]:
    if not case.read_twice:
        return
    if own is None and has_permission(user.role, "sign"):
        if case.blind:
            yield "sign"
        elif case.state == "arbitration":
            yield "arbitrate"
    if own is not None and case.blind:
        yield "withdraw"
    if reads.may_begin_anew(session, case, user):
        yield "begin_anew"


@router.post("/reads", status_code=201, responses=_SIGNS)
def sign_read(
    statement: CaseReportCreate,
    case: VisibleCase,
    user: PresentPerson,
    session: DbSession,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> ReadSigned:
    """Sign your read of a case that two people read, as the first or the second reader.

    State the category of every breast that has a film, or a conclusion if no film has a side. If both readers agree,
    the second read issues the report; otherwise the case waits for a third person. The same people may sign as for
    `/reports`.
    """
    outcome = double_signing.sign_read(session, request.app.state.store, case, statement, user, if_match)
    return _signed(session, case, user, request, response, statement, outcome)


@router.post("/arbitration", status_code=201, responses=_SIGNS)
def arbitrate_case(
    statement: CaseReportCreate,
    case: VisibleCase,
    user: PresentPerson,
    session: DbSession,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> ReadSigned:
    """Settle the disagreements of the two readers of a case, as a third person, and issue the report."""
    outcome = double_signing.arbitrate(session, request.app.state.store, case, statement, user, if_match)
    return _signed(session, case, user, request, response, statement, outcome)


def _signed(
    session: Session,
    case: Case,
    user: User,
    request: Request,
    response: Response,
    statement: CaseReportCreate,
    outcome: Outcome,
) -> ReadSigned:
    """Note a signature without what it states: the audit log must not tell the other reader."""
    read, report = outcome.read, outcome.report
    detail: dict[str, Any] = {"role": read.role, "sha256": read.sha256}
    if not case.blind and statement.acknowledged:
        detail["acknowledged"] = sorted(set(statement.acknowledged))
    record(session, request, user, "read.sign", "case", case.id, detail)
    if report is not None:
        told = {"version": report.version, "conclusion": report.conclusion, "sha256": report.sha256}
        told["signing_key"] = report.signing_key
        record(session, request, user, "report.sign", "case", case.id, told)
    response.headers["ETag"] = sheets.etag(session, case, user)
    return ReadSigned(
        role=read.role, signed=case.reads, report=versions(session, case)[0] if report is not None else None
    )


@router.delete("/reads/yours", status_code=204, responses=responses(401, 403, 404, 409))
def withdraw_read(case: VisibleCase, user: PresentPerson, session: DbSession, request: Request) -> None:
    """Withdraw your signed read while the other reader has not signed. You can change it and sign again."""
    read = double_signing.withdraw(session, case, user)
    record(session, request, user, "read.withdraw", "case", case.id, {"sha256": read.sha256})


@router.post("/reads/anew", responses=responses(401, 403, 404, 409, 422))
def begin_anew(
    body: BeginAnew, case: VisibleCase, user: PresentPerson, session: DbSession, request: Request
) -> ReadsRead:
    """Start the double reading of a case again. Its owner may do so, and its readers once both have signed.

    If the owner is a program or was deactivated, anyone who sees the case and may sign may do so.

    The signed reads stay on record, and an issued report is superseded.
    """
    case = double_signing.begin_anew(session, case, user)
    record(session, request, user, "read.anew", "case", case.id, {"reason": body.reason})
    return list_reads(case, user, session)
