"""`/api/v1/cases/{id}/reader-findings` and `/api/v1/cases/{id}/same-lesions`."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Request
from fastapi.responses import Response

from gateway.audit.service import record
from gateway.auth.dependencies import CurrentUser
from gateway.cases import repository as cases
from gateway.cases import sheets
from gateway.cases.dependencies import VisibleCase
from gateway.database import DbSession
from gateway.errors import responses
from gateway.reader_findings import service
from gateway.reader_findings.contracts import as_contract, mark_as_contract
from gateway.reader_findings.schemas import ReaderFindingWrite, SameLesionWrite
from lobule.contracts.reader import READER_FINDING_ID, ReaderFinding, SameLesion

router = APIRouter(prefix="/api/v1/cases/{case_id}", tags=["cases"])

ChosenId = Annotated[
    str,
    Path(
        pattern=rf"^{READER_FINDING_ID}$",
        description="random UUID that you choose; a repeated request has no further effect",
    ),
]
IfMatch = Annotated[str | None, Header(max_length=200, description="the case's ETag as you saw it")]
_CHANGES = responses(401, 403, 404, 409, 412, 422)


@router.get("/reader-findings", responses=responses(401, 404))
def list_reader_findings(case: VisibleCase, user: CurrentUser, session: DbSession) -> list[ReaderFinding]:
    """List the findings that readers drew on the images of a case; in blind double reading only your own."""
    return service.findings(session, case, sheets.sheets_of(session, case, user))


@router.put("/reader-findings/{finding_id}", responses=_CHANGES)
def put_reader_finding(
    body: ReaderFindingWrite,
    case: VisibleCase,
    finding_id: ChosenId,
    user: CurrentUser,
    session: DbSession,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> ReaderFinding:
    """Create or replace a finding of your own. You become its author; it does not change the system's conclusion."""
    drawn = service.draw(session, request.app.state.store, case, finding_id, body, user, if_match)
    detail = {"finding": drawn.id, "number": drawn.number, "image_id": drawn.image_id, "kind": drawn.kind}
    record(session, request, user, "finding.draw", "case", case.id, {**detail, "commented": bool(drawn.comment)})
    response.headers["ETag"] = sheets.etag(session, case, user)
    return as_contract(drawn)


@router.delete("/reader-findings/{finding_id}", status_code=204, responses=_CHANGES)
def delete_reader_finding(
    case: VisibleCase,
    finding_id: ChosenId,
    user: CurrentUser,
    session: DbSession,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> None:
    """Delete a reader's finding. Signed versions keep it. To undo the deletion, `PUT` the finding again."""
    drawn = service.erase(session, request.app.state.store, case, finding_id, user, if_match)
    detail = {"finding": drawn.id, "number": drawn.number, "image_id": drawn.image_id, "kind": drawn.kind}
    record(session, request, user, "finding.erase", "case", case.id, detail)
    response.headers["ETag"] = sheets.etag(session, case, user)


@router.get("/same-lesions", responses=responses(401, 404))
def list_same_lesions(case: VisibleCase, user: CurrentUser, session: DbSession) -> list[SameLesion]:
    """List the pairs of findings that readers marked as the same lesion, without those of replaced analyses."""
    seen = sheets.sheets_of(session, case, user)
    return service.same_lesions(session, case, seen, cases.latest_jobs(session, case.id))


@router.put("/same-lesions/{mark_id}", responses=_CHANGES)
def put_same_lesion(
    body: SameLesionWrite,
    case: VisibleCase,
    mark_id: ChosenId,
    user: CurrentUser,
    session: DbSession,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> SameLesion:
    """Mark two findings, of readers or the system, as the same lesion. The system's conclusion does not change."""
    mark = service.mark_same(session, request.app.state.store, case, mark_id, body, user, if_match)
    record(session, request, user, "lesion.same", "case", case.id, {"one": mark.one, "other": mark.other})
    response.headers["ETag"] = sheets.etag(session, case, user)
    return mark_as_contract(mark)


@router.delete("/same-lesions/{mark_id}", status_code=204, responses=_CHANGES)
def delete_same_lesion(
    case: VisibleCase,
    mark_id: ChosenId,
    user: CurrentUser,
    session: DbSession,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> None:
    """Remove the mark that two findings are the same lesion."""
    mark = service.unmark_same(session, case, mark_id, user, if_match)
    record(session, request, user, "lesion.apart", "case", case.id, {"one": mark.one, "other": mark.other})
    response.headers["ETag"] = sheets.etag(session, case, user)
