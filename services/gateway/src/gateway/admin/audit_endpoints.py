"""`/api/v1/audit`: who did what, when (administrators)."""

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, BeforeValidator

from gateway.audit import repository
from gateway.audit.models import AuditEvent
from gateway.audit.repository import AuditFilter
from gateway.audit.schemas import AuditEventRead, AuditPage
from gateway.audit.service import record_apart
from gateway.auth.api_tokens import check_scope
from gateway.auth.dependencies import AdminUser, DetachedUser
from gateway.cases.repositories.reads import audit_events_visible_to
from gateway.clock import now
from gateway.database import DbSession, SessionFactory, in_utc, read
from gateway.errors import responses
from gateway.paging import link_next
from gateway.users.models import User

router = APIRouter(prefix="/api/v1", tags=["audit"])

_COLUMNS = (
    "at",
    "actor_name",
    "action",
    "target_type",
    "target_id",
    "detail",
    "address",
    "request_id",
    "token_id",
    "reason",
)
_Moment = Annotated[
    datetime | None,
    BeforeValidator(lambda given: given or None),  # a form sends `since=` for none
    AfterValidator(lambda given: given and in_utc(given)),
]
_Text = Annotated[str, Query(max_length=100, pattern=r"^[^\x00]*$")]
_FORMULA = re.compile(r"^(?=[\t\r\n])|(?:^|(?<=[;\t\r\n]))(?=[=+\-@＝＋－＠])")


def audit_filter(
    actor: _Text = "",
    action: _Text = "",
    target_id: _Text = "",
    since: Annotated[_Moment, Query(description="only items of this time or later")] = None,
    until: Annotated[_Moment, Query(description="only items before this time")] = None,
) -> AuditFilter:
    """The filter that a query asks for."""
    return AuditFilter(actor, action, target_id, since, until)


Wanted = Annotated[AuditFilter, Depends(audit_filter)]


def detached_admin(request: Request, user: DetachedUser) -> User:
    """As `gateway.auth.dependencies.admin_user`, in a transaction of its own.

    Raises:
        ProblemError: `scope_missing`, 403.
    """
    check_scope(request, "admin")
    return user


DetachedAdmin = Annotated[User, Depends(detached_admin)]


def restrict_to_visible(admin: User, wanted: AuditFilter) -> AuditFilter:
    """What an administrator may see of a filter's events: they may be one of two readers of a case, too."""
    return replace(wanted, visible=audit_events_visible_to(admin))


@router.get("/audit", responses=responses(401, 403, 422))
def list_events(
    admin: AdminUser,
    session: DbSession,
    wanted: Wanted,
    request: Request,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> AuditPage:
    """List the events of the audit log, newest first.

    In double reading, the events of a reader are listed once both readers have signed.
    """
    rows, next_cursor = repository.events(session, restrict_to_visible(admin, wanted), limit, cursor)
    link_next(request, response, next_cursor)
    return AuditPage(items=[AuditEventRead.model_validate(row) for row in rows], next_cursor=next_cursor)


@router.get(
    "/audit.csv",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}}}, **responses(401, 403, 422)},
)
def export_events(admin: DetachedAdmin, wanted: Wanted, request: Request) -> StreamingResponse:
    """Export the filtered audit log as CSV, newest event first. The log records the export."""
    record_apart(request, admin, "audit.export")
    visible, sessions = restrict_to_visible(admin, wanted), request.app.state.sessions

    def lines() -> Iterator[str]:
        yield _line(_COLUMNS)
        for batch in _batches(sessions, visible):
            yield "".join(_line(_cells(event)) for event in batch)

    name = f"lobule-audit-{now():%Y%m%dT%H%M%SZ}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=headers)


def _batches(sessions: SessionFactory, wanted: AuditFilter) -> Iterator[Sequence[AuditEvent]]:
    """All events, newest first; no transaction is open while the reader, who may be slow, is sent a batch."""
    cursor: str | None = None
    while True:
        batch, cursor = read(sessions, partial(repository.batch, wanted=wanted, cursor=cursor))
        yield batch
        if cursor is None:
            return


def _cells(event: AuditEvent) -> list[str]:
    read = AuditEventRead.model_validate(event)
    values = {name: getattr(read, name) or "" for name in _COLUMNS}
    values["at"] = read.at.isoformat()
    values["detail"] = json.dumps(read.detail, ensure_ascii=False) if read.detail else ""
    return [_safe(str(values[name])) for name in _COLUMNS]


def _safe(cell: str) -> str:
    """Escape what a spreadsheet would read as a formula; names are user input.

    Where a comma separates decimals, a spreadsheet begins a cell after each semicolon, even within quotation marks.
    """
    return _FORMULA.sub("'", cell)


def _line(cells: tuple[str, ...] | list[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()
