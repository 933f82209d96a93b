"""The pages for administrators, and the account page of each user; their scripts call the JSON API."""

from collections import Counter
from typing import Annotated, get_args

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from gateway.admin import endpoints as work
from gateway.admin import repository as everything
from gateway.admin.audit_endpoints import Wanted, restrict_to_visible
from gateway.admin.schemas import WorkRead
from gateway.audit import repository as audit
from gateway.auth import repository as logins
from gateway.auth import sessions
from gateway.auth.api_tokens import may_have_admin_scope
from gateway.auth.models import Scope
from gateway.auth.pages import PageForbiddenError, PortalUser
from gateway.auth.schemas import ApiTokenRead, SessionRead
from gateway.auth.second_factor import security_keys
from gateway.auth.second_factor.endpoints import read_second_factor
from gateway.cases.repositories import emergencies
from gateway.database import DbSession
from gateway.groups import repository as groups
from gateway.groups.schemas import GroupRead
from gateway.groups.service import as_read
from gateway.portal.pages import render, render_error
from gateway.settings import GatewaySettings
from gateway.users import repository as users
from gateway.users.models import Role
from gateway.users.permissions import MEANINGS, ROLES, has_permission
from lobule.contracts.progress import JobState

router = APIRouter(include_in_schema=False)

_PAGE_LENGTH = 100
_OPEN_STATES: tuple[JobState, ...] = ("dead", "failed", "running", "queued", "cancelled", "done")


def refuse(request: Request, error: Exception) -> Response:
    """The page for `PageForbiddenError`; who may read the audit log alone begins there, not on the worklist."""
    assert isinstance(error, PageForbiddenError)
    if request.url.path == "/" and has_permission(error.user.role, "audit"):
        return RedirectResponse("/admin/audit", status_code=303)
    return render_error(request, 403, "not_admin", error.user)


PortalAdmin = PortalUser
"""The user of an administrator's page; `gateway.users.permissions` says who may open it."""


@router.get("/account", response_class=HTMLResponse)
def account_page(request: Request, user: PortalUser, session: DbSession) -> HTMLResponse:
    """The user's password, sessions and API tokens, and who opened their cases in an emergency."""
    tokens = [ApiTokenRead.of(token) for token in logins.api_tokens(session, user.id)]
    scopes = [scope for scope in get_args(Scope) if scope != "admin" or may_have_admin_scope(user)]
    settings: GatewaySettings = request.app.state.settings
    login = sessions.read_session(session, request, settings)
    live = logins.sessions_of(session, user.id, settings.session_idle_minutes)
    places = [SessionRead.of(at, current=login is not None and at.id == login.id) for at in live]
    return render(
        request,
        "account.html",
        user,
        tokens=tokens,
        scopes=scopes,
        places=places,
        opened=emergencies.accesses(session, user, _PAGE_LENGTH),
        factor=read_second_factor(user, session),
        keys_available=security_keys.site_of(settings) is not None,
    )


@router.get("/admin/users", response_class=HTMLResponse)
def users_page(request: Request, user: PortalAdmin, session: DbSession) -> HTMLResponse:
    """Users and API tokens."""
    tokens = [ApiTokenRead.of(token) for token in logins.api_tokens(session, None)]
    people = users.all_users(session)
    table = [(name, [role for role in ROLES if has_permission(role, name)]) for name in MEANINGS]
    shared = [as_read(session, group) for group in groups.visible(session, user)]
    return render(
        request,
        "admin_users.html",
        user,
        people=people,
        roles=get_args(Role),
        tokens=tokens,
        groups=shared,
        permissions=table,
        torn=_torn(shared),
    )


def _first_with_work(counts: dict[JobState, int]) -> JobState:
    for state in _OPEN_STATES:
        if counts.get(state):
            return state
    return "dead"


def _torn(groups: list[GroupRead]) -> list[str]:
    """Programs' accounts in several groups, as an earlier version let them be: what they send is shared with none."""
    seen = Counter(member.username for group in groups for member in group.members if member.role == "service")
    return sorted(name for name, count in seen.items() if count > 1)


@router.get("/admin/work", response_class=HTMLResponse)
def work_page(
    request: Request,
    user: PortalAdmin,
    session: DbSession,
    state: JobState | None = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> HTMLResponse:
    """Queues, and work that can be restarted or stopped; by default in the first state that has any."""
    counts = everything.counts(session)
    chosen = state or _first_with_work(counts)
    found = work.find_work(session, [chosen], _PAGE_LENGTH, cursor)
    items: list[WorkRead] = found.items
    return render(
        request,
        "admin_work.html",
        user,
        queues=work.list_queues(user, session, request),
        items=items,
        states=_OPEN_STATES,
        counts=counts,
        chosen=chosen,
        next_cursor=found.next_cursor,
    )


@router.get("/admin/audit", response_class=HTMLResponse)
def audit_page(
    request: Request,
    user: PortalAdmin,
    session: DbSession,
    wanted: Wanted,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> HTMLResponse:
    """The audit log: who did what, and when."""
    rows, next_cursor = audit.events(session, restrict_to_visible(user, wanted), _PAGE_LENGTH, cursor)
    given = {name: value for name, value in request.query_params.items() if name != "cursor" and value}
    return render(
        request,
        "admin_audit.html",
        user,
        events=rows,
        actions=audit.actions(session),
        wanted=wanted,
        given=given,
        next_cursor=next_cursor,
    )
