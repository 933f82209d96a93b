"""The worklist page. Its URL contains the search, the filters and the order."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, get_args
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from gateway.auth.pages import PortalUser
from gateway.cases import repository as cases
from gateway.cases.models import SavedView
from gateway.cases.reading import is_claimed
from gateway.cases.repositories import emergencies, reads
from gateway.cases.repository import CaseFilter, Reader, Sort
from gateway.cases.schemas import CaseRead
from gateway.database import DbSession
from gateway.errors import ProblemError
from gateway.groups import repository as groups
from gateway.hints import repository as hints
from gateway.portal.pages import render
from gateway.portal.worklist_rows import rows_of
from gateway.users.models import User
from lobule.contracts.case import CaseState
from lobule.contracts.result import Assessment

router = APIRouter(include_in_schema=False)

_PAGE_LENGTH = 50
_DESCENDING: tuple[Sort, ...] = ("urgency", "newest", "study_date", "images")
"""Orders whose first row has the largest value."""
_COLUMNS: tuple[tuple[str, Sort | None], ...] = (
    ("suspicion", "urgency"),
    ("case", "pseudonym"),
    ("sides", None),
    ("assessment", None),
    ("study", "study_date"),
    ("modality", "modality"),
    ("images", "images"),
    ("earlier", None),
    ("state", "state"),
    ("bi_rads", None),
    ("reader", "reader"),
    ("second", None),
    ("age", "newest"),
)
"""Columns and what each is ordered by; the assessment goes with the suspicion.

`second`, the second reader, is shown where a case of the page is read twice.
"""


@dataclass(frozen=True)
class Column:
    """A column's head.

    Attributes:
        name: Name of the column in the catalogue and the style sheet.
        address: Address of the list in the order of this column; None if it cannot be ordered by it.
        sorted: Current order by this column, a value of `aria-sort`; empty if there is none.
    """

    name: str
    address: str | None
    sorted: str


@dataclass(frozen=True)
class Chip:
    """A state and how many cases are in it.

    Attributes:
        state: The state; empty for all.
        count: Number of cases in this state that match the other filters.
        address: Address of the list of these cases.
        shown: Whether this list is shown now.
    """

    state: str
    count: int
    address: str
    shown: bool


@dataclass(frozen=True)
class View:
    """A saved view (`gateway.cases.models.SavedView`) with its number of cases.

    Attributes:
        id: Id of the view.
        name: Name that the user gave it.
        address: Address of its list.
        count: Number of its cases.
        shown: Whether this list is shown now.
    """

    id: str
    name: str
    address: str
    count: int
    shown: bool


@router.get("/", response_class=HTMLResponse)
def worklist_page(
    request: Request,
    user: PortalUser,
    session: DbSession,
    q: Annotated[str, Query(max_length=100)] = "",
    state: str = "",
    assessment: str = "",
    modality: Annotated[str, Query(max_length=50)] = "",
    reader: str = "",
    group: Annotated[str, Query(max_length=36)] = "",
    unread: str = "",
    sort: str = "urgency",
    reverse: str = "",
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> HTMLResponse:
    """Render the worklist of the user; unknown filters and orders are ignored."""
    given = _given(
        q=q,
        state=state,
        assessment=assessment,
        modality=modality,
        reader=reader,
        group=group,
        unread=unread and "1",
        sort=sort if sort in get_args(Sort) else "",
        reverse=reverse and "1",
    )
    wanted = _filter(given)
    order: Sort = next((known for known in get_args(Sort) if known == sort), "urgency")
    rows, next_cursor = cases.worklist(
        session, user, wanted, sort=order, reverse=bool(reverse), limit=_PAGE_LENGTH, cursor=cursor
    )
    found = [CaseRead.model_validate(row) for row in rows]
    more = rows_of(session, user, rows)
    twice = any(case.read_twice for case in found)
    return render(
        request,
        "worklist.html",
        user,
        cases=found,
        rows=more,
        twice=twice,
        live=any(row.step for row in more.values()),
        tour_seen=hints.is_seen(session, user.id, "tour"),
        filtered=bool(given.keys() - {"sort", "reverse"}),
        next_page=_address(given, cursor=next_cursor) if next_cursor else None,
        first_page=_address(given) if cursor else None,
        assessments=get_args(Assessment),
        given=given,
        unread=cases.unread(session, user, rows),
        opened=emergencies.unseen(session, user),
        claimed={row.id for row in rows if is_claimed(row)},
        read_by_you=reads.read_by(session, user, rows),
        to_read=cases.TO_READ,
        groups=groups.visible(session, user),
        views=[*filter(None, (_view(session, user, view, given) for view in cases.views_of(session, user.id)))],
        query=urlencode(given),
        columns=[_column(name, by, given) for name, by in _COLUMNS if twice or name != "second"],
        chips=[*_chips(cases.counts(session, user, wanted), given), _unread_chip(session, user, wanted, given)],
    )


def _view(session: Session, user: User, view: SavedView, given: dict[str, str]) -> View | None:
    """A saved view for the page; None if its query is no longer valid."""
    parameters = dict(parse_qsl(view.query))
    try:
        count = sum(cases.counts(session, user, _filter(parameters), every_state=False).values())
    except ProblemError:
        return None
    return View(view.id, view.name, _address(parameters), count, _given(**parameters) == given)


def _unread_chip(session: Session, user: User, wanted: CaseFilter, given: dict[str, str]) -> Chip:
    """The chip of cases that have changed since the user last opened them, within the other filters."""
    count = sum(cases.counts(session, user, replace(wanted, unread=True), every_state=False).values())
    return Chip("unread", count, _address(given, unread="" if wanted.unread else "1"), wanted.unread)


def _filter(parameters: dict[str, str]) -> CaseFilter:
    """The filter of a URL; unknown values are ignored."""
    return CaseFilter(
        q=parameters.get("q", ""),
        states=[known for known in get_args(CaseState) if known == parameters.get("state")],
        assessments=[known for known in get_args(Assessment) if known == parameters.get("assessment")],
        modality=parameters.get("modality", ""),
        reader=next((known for known in get_args(Reader) if known == parameters.get("reader")), None),
        group=parameters.get("group", ""),
        unread=bool(parameters.get("unread")),
    )


def _given(**values: str) -> dict[str, str]:
    """The parameters of the URL that differ from their defaults."""
    return {name: value for name, value in values.items() if value and (name, value) != ("sort", "urgency")}


def _address(given: dict[str, str], **changes: str) -> str:
    return f"/?{urlencode(_given(**{**given, **changes}))}"


def _column(name: str, by: Sort | None, given: dict[str, str]) -> Column:
    shown = given.get("sort", "urgency")
    if by is None:
        return Column(name, None, "")
    turned = bool(given.get("reverse"))
    address = _address(given, sort=by, reverse="1" if by == shown and not turned else "")
    falling = (by in _DESCENDING) != turned
    return Column(name, address, ("descending" if falling else "ascending") if by == shown else "")


def _chips(counts: dict[CaseState, int], given: dict[str, Any]) -> list[Chip]:
    """The chips for all cases and for each state that has any."""
    chosen = given.get("state", "")
    found = [("", sum(counts.values())), *((state, counts.get(state, 0)) for state in get_args(CaseState))]
    return [
        Chip(state, count, _address(given, state=state), state == chosen)
        for state, count in found
        if count or state in ("", chosen)
    ]
