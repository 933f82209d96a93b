"""`/api/v1/sessions`: where a user is logged in, and proving once more who they are."""

from typing import Annotated

from fastapi import APIRouter, Body, Request

from gateway.audit.service import record
from gateway.auth import repository, service
from gateway.auth.dependencies import AppSettings, CurrentUser, DetachedUser, Person, at_portal
from gateway.auth.login_places import LoginPlace
from gateway.auth.models import AuthSession
from gateway.auth.schemas import Proof, SessionRead
from gateway.auth.second_factor import security_keys
from gateway.auth.second_factor.schemas import KeyOptions
from gateway.clock import now
from gateway.database import DbSession
from gateway.errors import ProblemError, not_found, responses

router = APIRouter(prefix="/api/v1", tags=["sessions"])


def current_login(request: Request) -> AuthSession | None:
    """The session of an identified request, of a browser or of an API client; None with an API token."""
    state = request.state
    return getattr(state, "login", None) or getattr(state, "bearer", None)


@router.get("/sessions", responses=responses(401, 403))
def list_sessions(user: CurrentUser, session: DbSession, settings: AppSettings, request: Request) -> list[SessionRead]:
    """List your sessions in browsers and API clients, the most recently active first, and no more than 200."""
    own = current_login(request)
    found = repository.sessions_of(session, user.id, settings.session_idle_minutes)
    return [SessionRead.of(each, current=own is not None and each.id == own.id) for each in found]


@router.delete("/sessions", status_code=204, responses=responses(401, 403))
def end_other_sessions(user: Person, session: DbSession, request: Request) -> None:
    """End all of your other sessions."""
    repository.revoke_all(session, user.id, keep=current_login(request))
    record(session, request, user, "auth.logout_elsewhere", "user", user.id)


@router.delete("/sessions/{session_id}", status_code=204, responses=responses(401, 403, 404))
def end_session(session_id: str, user: Person, session: DbSession, request: Request) -> None:
    """End one of your sessions."""
    login = repository.session_by_id(session, session_id)
    if login is None or login.user_id != user.id or login.revoked_at is not None:
        raise not_found("session")
    login.revoked_at = now()
    record(session, request, user, "auth.logout", "session", login.id)


@router.post(
    "/sessions/current/authentication",
    status_code=204,
    responses=responses(401, 403, 422, 429),
    dependencies=[LoginPlace],
)
def authenticate_again(proof: Annotated[Proof, Body()], user: DetachedUser, request: Request) -> None:
    """Authenticate again in the portal, as operations that answer `authentication_too_old` require."""
    login: AuthSession | None = getattr(request.state, "login", None)
    if login is None:
        raise ProblemError(403, "portal_session_required")
    by = service.prove(request, user, proof)
    with request.app.state.sessions.begin() as session:
        repository.note_authentication(session, login.id)
        record(session, request, user, "auth.confirm", "user", user.id, by)


@router.post("/sessions/current/challenge", responses=responses(401, 403, 409))
def ask_security_key(user: CurrentUser, session: DbSession, settings: AppSettings, request: Request) -> KeyOptions:
    """Get a challenge for one of your security keys; its answer authenticates you again (portal sessions only)."""
    if not at_portal(request):
        raise ProblemError(403, "portal_session_required")
    options = security_keys.ask_for_one(session, user, "proof", settings)
    if options is None:
        raise ProblemError(409, "no_security_key")
    return KeyOptions(public_key=options)


@router.post("/sessions/current/activity", status_code=204, responses=responses(401, 403))
def note_activity(_user: CurrentUser) -> None:
    """Keep this session from ending because of inactivity.

    The portal's pages send this request at most once a minute, and only after the user pressed a key, clicked or turned
    the wheel, because looking at films needs no other request. Any request that changes something has the same effect.
    """


@router.post("/auth/logout", status_code=204, responses=responses(401, 403))
def log_out(user: Person, session: DbSession, request: Request) -> None:
    """End this session. Its access and refresh tokens are invalid immediately."""
    login = current_login(request)
    if login is not None:
        login = repository.session_by_id(session, login.id)
        assert login is not None, "the request was identified by it"
        login.revoked_at = now()
        record(session, request, user, "auth.logout", "session", login.id)
