"""`/api/v1/cases`."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request, Response

from gateway.audit.service import record
from gateway.auth.dependencies import AppSettings, CurrentUser, at_portal
from gateway.cases import refused_films, renaming, repository, service, sheets
from gateway.cases.dependencies import VisibleCase
from gateway.cases.models import Case
from gateway.cases.reading import check_free
from gateway.cases.repository import CaseFilter, Reader, Sort
from gateway.cases.schemas import CaseChange, CaseCreate, CasePage, CaseRead, FilmDismissal
from gateway.database import DbSession
from gateway.errors import not_found, responses
from gateway.groups import repository as groups
from gateway.groups.service import group_for_new_case
from gateway.jobs.queues.lanes import Requester
from gateway.paging import Several, link_next
from lobule.contracts.case import CaseState
from lobule.contracts.result import Assessment

router = APIRouter(prefix="/api/v1/cases", tags=["cases"])


@router.post("", status_code=201, response_model=CaseRead, responses=responses(401, 403, 404, 422))
def create_case(
    new: CaseCreate, user: CurrentUser, session: DbSession, settings: AppSettings, request: Request
) -> Case:
    """Open a case under a pseudonym."""
    case = Case(owner_id=user.id, pseudonym=new.pseudonym, double_reading=settings.reading_rule)
    session.add(case)
    session.flush()
    groups.share(session, case.id, group_for_new_case(session, user, new.group_id))
    service.refresh(session, case.id)
    record(session, request, user, "case.create", "case", case.id)
    return case


@router.patch("/{case_id}", response_model=CaseRead, responses=responses(401, 403, 404, 409, 412, 422))
def rename_case(
    body: CaseChange,
    case: VisibleCase,
    user: CurrentUser,
    session: DbSession,
    request: Request,
    response: Response,
    if_match: Annotated[str | None, Header(max_length=200, description="the case's ETag as you saw it")] = None,
) -> Case:
    """Give a case another pseudonym. A signed report of the case is superseded, never altered."""
    case = renaming.rename(session, case, body.pseudonym, user, if_match)
    record(session, request, user, "case.rename", "case", case.id)
    response.headers["ETag"] = sheets.etag(session, case, user)
    return case


@router.post(
    "/{case_id}/refused-films/{sha256}/dismissal",
    status_code=204,
    responses=responses(401, 403, 404, 409, 412, 422),
)
def dismiss_refused_film(
    body: FilmDismissal,
    case: VisibleCase,
    sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="SHA-256 of the received file, hexadecimal")],
    user: CurrentUser,
    session: DbSession,
    request: Request,
    if_match: Annotated[str | None, Header(max_length=200, description="the case's ETag as you saw it")] = None,
) -> None:
    """Dismiss the note of a film that was refused, and whose file is not on the server, with a reason.

    It then no longer keeps the case from being called negative.
    """
    case = repository.locked(session, case.id)
    service.check_unchanged(case, if_match)
    check_free(case, user)
    if not refused_films.forget(case, sha256):
        raise not_found("image")
    service.refresh(session, case.id, Requester(user.id, at_portal(request)))
    record(session, request, user, "film.dismiss", "case", case.id, {"reason": body.reason, "sha256": sha256})


@router.get("", responses=responses(401, 422))
def list_cases(
    user: CurrentUser,
    session: DbSession,
    request: Request,
    response: Response,
    q: Annotated[str, Query(max_length=100, description="part of the pseudonym")] = "",
    state: Several[CaseState] = [],  # noqa: B006 - FastAPI's way to say "none given"
    assessment: Several[Assessment] = [],  # noqa: B006
    modality: Annotated[str, Query(max_length=50, description="only cases with an image of this modality")] = "",
    reader: Annotated[
        Reader | None,
        Query(description="`me`: you are the reader; `none`: there is no reader; `open`: you can read it"),
    ] = None,
    group: Annotated[
        str, Query(max_length=36, description="only cases that are shared with the group of this identifier")
    ] = "",
    unread: Annotated[bool, Query(description="only cases that have changed since you saw them")] = False,
    sort: Annotated[
        Sort,
        Query(description="order; `urgency`: suspected, not sure, no sign, each with the highest probability first"),
    ] = ("urgency"),
    reverse: Annotated[bool, Query(description="reverse the order")] = False,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> CasePage:
    """List your cases and those of your groups, the most urgent first."""
    rows, next_cursor = repository.worklist(
        session,
        user,
        CaseFilter(q, state, assessment, modality, reader, group, unread),
        sort=sort,
        reverse=reverse,
        limit=limit,
        cursor=cursor,
    )
    link_next(request, response, next_cursor)
    return CasePage(items=[CaseRead.model_validate(row) for row in rows], next_cursor=next_cursor)
