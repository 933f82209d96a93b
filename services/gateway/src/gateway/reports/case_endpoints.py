"""`/api/v1/cases/{id}/reports`: the draft, signing, and the signed versions."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Path, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from gateway.audit.service import record, record_apart
from gateway.auth.dependencies import CurrentUser, DetachedUser, PresentPerson, at_portal, check_fresh_person
from gateway.cases import joint_reading, sheets
from gateway.cases import repository as cases
from gateway.cases.dependencies import VisibleCase
from gateway.cases.models import Case
from gateway.database import DbSession, read
from gateway.errors import WITH_ETAG, ProblemError, not_found, responses
from gateway.jobs.models import Examination
from gateway.jobs.queues.lanes import Requester
from gateway.ranges import PARTS
from gateway.reports import renderings, repository, signing
from gateway.reports.content import ReadTogether, case_content, finished_examination, stored_bytes
from gateway.reports.endpoints import (
    REPORT_TYPES,
    Accept,
    AcceptLanguage,
    Download,
    Format,
    Lang,
    as_response,
    attach,
)
from gateway.reports.models import CaseReport
from gateway.reports.renderings import RenderingSpec
from gateway.reports.schemas import CaseReportCreate, CaseReportRead, DraftText, DraftTextWrite, RenderingsCreate
from gateway.reports.service import negotiate, versions
from gateway.reports.signatures import check
from gateway.reports.wording import draft_text
from gateway.users.models import User
from gateway.users.permissions import has_permission
from lobule import __version__
from lobule.contracts.case import RenderRequest, ReportForm
from lobule.contracts.language import Language, negotiate_language
from lobule.words import Words

router = APIRouter(prefix="/api/v1/cases/{case_id}/reports", tags=["reports"])

_ANSWERS = {
    **WITH_ETAG,
    200: {**WITH_ETAG[200], "content": REPORT_TYPES},
    **PARTS,
    **responses(401, 404, 406, 409, 422, 503),
}


@router.get("", responses=responses(401, 404))
def list_reports(case: VisibleCase, session: DbSession) -> list[CaseReportRead]:
    """List the signed versions of a case, newest first."""
    return versions(session, case)


@router.post(
    "",
    status_code=201,
    responses=responses(401, 403, 404, 409, 412, 422),
)
def sign_case(
    statement: CaseReportCreate,
    case: VisibleCase,
    user: PresentPerson,
    session: DbSession,
    request: Request,
    response: Response,
    if_match: Annotated[str | None, Header(max_length=200, description="the case's ETag as you saw it")] = None,
) -> CaseReportRead:
    """Sign the case in its present state, as a numbered version that never changes.

    A later change of the case supersedes it. So does a later version: a signed case can be signed again with another
    statement, such as a further comment; with the same one the answer is `case_not_signable`.

    Only a person in the portal can sign; a program with a token gets `portal_session_required`. If the person's last
    authentication is too long ago (`authentication_too_old`), send `POST /api/v1/sessions/current/authentication`
    first.
    """
    report = signing.sign(session, request.app.state.store, case, statement, user, if_match)
    detail = {"version": report.version, "conclusion": report.conclusion, "sha256": report.sha256}
    detail["signing_key"] = report.signing_key
    if statement.acknowledged:
        detail["acknowledged"] = sorted(set(statement.acknowledged))
    record(session, request, user, "report.sign", "case", case.id, detail)
    response.headers["Location"] = f"/api/v1/cases/{case.id}/reports/{report.version}"
    response.headers["ETag"] = sheets.etag(session, case, user)
    return versions(session, case)[0]


@router.post("/text", responses=responses(401, 404, 409, 422))
def draft_report_text(
    statement: DraftTextWrite, case: VisibleCase, user: CurrentUser, session: DbSession, request: Request
) -> DraftText:
    """Draft the comment from your statements about each breast and the findings that you confirmed.

    The draft is not stored. Edit it, and sign it as `comment`.
    """
    seen = sheets.sheets_of(session, case, user)
    return draft_text(session, request.app.state.store, case, seen, statement.breasts)


@router.post("/{version}/renderings", status_code=202, responses=responses(401, 403, 404, 422))
def render_version(
    wanted: RenderingsCreate,
    case: VisibleCase,
    version: Annotated[int, Path(ge=1, le=2**31 - 1)],
    user: CurrentUser,
    session: DbSession,
    request: Request,
) -> CaseReportRead:
    """Render a signed version again from its stored content: failed and missing renderings, or all (`anew`).

    Rendering all again is for persons who may sign.

    The server first checks the fingerprint and the signature of the content. Existing renderings stay readable until
    they are replaced.
    """
    if wanted.anew:
        if not has_permission(user.role, "sign"):
            raise ProblemError(403, "forbidden")
        check_fresh_person(request)
    requester = Requester(user.id, at_portal(request))
    renderings.ensure(session, _version(session, case, version), case.owner_id, requester, wanted)
    detail = {"version": version, **wanted.model_dump(mode="json")}
    record(session, request, user, "report.render", "case", case.id, detail)
    session.flush()
    return next(shown for shown in versions(session, case) if shown.version == version)


@router.get("/draft", response_class=Response, responses=_ANSWERS)
async def read_draft(
    case_id: str,
    user: DetachedUser,
    request: Request,
    format: Format = None,
    lang: Lang = None,
    download: Download = False,
    accept: Accept = "*/*",
    accept_language: AcceptLanguage = None,
) -> Response:
    """Return the report as it would be signed now, marked as a draft."""
    form, language = format or negotiate(accept, "html"), lang or negotiate_language(accept_language)

    def finished(session: Session) -> Examination | None:
        return finished_examination(session, _visible(session, user, case_id))

    def look(session: Session) -> tuple[Case, RenderingSpec]:
        case = _visible(session, user, case_id)
        if case.state in ("empty", "analysing"):
            raise ProblemError(409, "report_not_ready", case.state)
        seen = sheets.sheets_of(session, case, user)
        content = case_content(session, together, case, seen)
        if case.sample:
            content = content.model_copy(update={"pseudonym": Words(language)("worklist.sample.name")})
        own = f"{user.id}.{sheets.revision(session, case, user)}:" if case.read_twice else ""
        if not together.is_present(session, case):  # the films were read together at this moment
            raise ProblemError(409, "report_not_ready", "analysing")
        read_together = joint_reading.reading_of(session, case.id)  # its end is no revision of the case
        shown = f"{case.revision}:{read_together}:{own}{language}:{form}"
        key = f"case:{case.id}:draft:{__version__}:{shown}"  # another version may draw the same in another way
        asked = RenderRequest(case=content, languages=[language], forms=[form])
        lock = partial(_lock_unchanged, case_id=case.id, revision=case.revision)
        return case, RenderingSpec(key, case.owner_id, Requester(user.id, interactive=True), lambda: asked, lock)

    state = request.app.state
    work = await run_in_threadpool(read, state.sessions, finished)
    together = await run_in_threadpool(ReadTogether.of, state.store, work)
    case, wanted = await run_in_threadpool(read, state.sessions, look)
    return await _answer(request, user, case, wanted, "draft", language, form, download)


@router.get("/{version}", response_class=Response, responses=_ANSWERS)
async def read_version(
    case_id: str,
    version: Annotated[int, Path(ge=1, le=2**31 - 1)],
    user: DetachedUser,
    request: Request,
    format: Format = None,
    lang: Lang = None,
    download: Download = False,
    accept: Accept = "*/*",
    accept_language: AcceptLanguage = None,
) -> Response:
    """Return a signed version as HTML, PDF, PNG or JSON, in English or Chinese."""
    form, language = format or negotiate(accept, "html"), lang or negotiate_language(accept_language)

    def look(session: Session) -> tuple[Case, RenderingSpec]:
        case = _visible(session, user, case_id)
        report, requester = _version(session, case, version), Requester(user.id, interactive=True)
        return case, renderings.of_version(report, case.owner_id, requester, language, form)

    case, wanted = await run_in_threadpool(read, request.app.state.sessions, look)
    return await _answer(request, user, case, wanted, str(version), language, form, download)


def _visible(session: Session, user: User, case_id: str) -> Case:
    case = cases.visible(session, user, case_id)
    if case is None:
        raise not_found("case")
    return case


def _lock_unchanged(session: Session, case_id: str, revision: int) -> None:
    """Lock a case whose draft has been composed, so that nothing is drawn that was removed meanwhile.

    Raises:
        ProblemError: `not_found` (404), or `report_not_ready` (503) if the case has changed: another request succeeds.
    """
    if cases.locked(session, case_id).revision != revision:
        raise ProblemError(503, "report_not_ready", "rendering", headers={"Retry-After": "2"})


def _version(session: Session, case: Case, version: int) -> CaseReport:
    """A signed version that verifies; what does not is never served."""
    report = repository.version(session, case.id, version)
    if report is None:
        raise not_found("report")
    check(session, report)
    return report


async def _answer(
    request: Request,
    user: User,
    case: Case,
    wanted: RenderingSpec,
    version: str,
    language: Language,
    form: ReportForm,
    download: bool,
) -> Response:
    response = as_response(*await renderings.fetch(request, wanted, language, form), language)
    if download:
        attach(response, f"lobule-case-{case.id[:8]}-{version}.{form}")
    detail = {"version": version, "format": form, "language": language}
    await run_in_threadpool(record_apart, request, user, "report.read", "case", case.id, detail)
    return response


@router.get(
    "/{version}/content",
    operation_id="readSignedContent",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}}, **responses(401, 404)},
)
def read_content(case: VisibleCase, version: Annotated[int, Path(ge=1, le=2**31 - 1)], session: DbSession) -> Response:
    """Return the signed content: exactly the JSON document whose SHA-256 and signature the version states."""
    content = stored_bytes(_version(session, case, version).content)
    return Response(content, media_type="application/json")
