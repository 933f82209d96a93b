"""Authentication dependencies of the endpoints."""

import hmac
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

from gateway.auth import api_tokens, sessions
from gateway.auth import repository as logins
from gateway.auth.models import ApiToken, AuthSession
from gateway.auth.service import check_own_password
from gateway.auth.sessions import is_fresh
from gateway.auth.tokens import read_access_token, unauthorized
from gateway.database import DbSession, reading
from gateway.errors import ProblemError
from gateway.idempotency.service import claim_key, replay
from gateway.settings import GatewaySettings
from gateway.users import permissions
from gateway.users import repository as users
from gateway.users.models import User

_bearer = HTTPBearer(auto_error=False, description="access token of POST /api/v1/auth/token, or an API token")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]

_BEFORE_ALL_ELSE = (  # allowed before the password was changed and the second factor set up
    "/api/v1/users/me",
    "/api/v1/users/me/password",
    "/api/v1/users/me/second-factor",
    "/api/v1/users/me/second-factor/confirmation",
    "/api/v1/users/me/second-factor/keys",
    "/api/v1/users/me/second-factor/keys/challenge",
    "/api/v1/sessions",
    "/api/v1/sessions/{session_id}",
    "/api/v1/sessions/current/authentication",
    "/api/v1/auth/logout",
)


def settings_of(request: Request) -> GatewaySettings:
    """The settings the app was made with."""
    return request.app.state.settings


AppSettings = Annotated[GatewaySettings, Depends(settings_of)]


def identify(request: Request, credentials: HTTPAuthorizationCredentials | None, session: Session) -> User:
    """The user of a request: by access token, API token or portal cookie (with CSRF token where something changes).

    Raises:
        ProblemError: 401 or 403.
    """
    user = _identified(request, credentials, session)
    if not hasattr(request.state, "actor"):
        api_tokens.note_actor(request, user)
    if request.scope["route"].path not in _BEFORE_ALL_ELSE:
        check_own_password(user)
    check_permission(request, user)
    return user


def check_permission(request: Request, user: User) -> None:
    """Refuse a user whose role does not have the permission that the route needs; see `gateway.users.permissions`.

    Raises:
        ProblemError: `forbidden`, 403.
    """
    if not permissions.may_use(user.role, request.method, request.scope["route"].path):
        raise ProblemError(403, "forbidden")


def check_still_allowed(request: Request, user: User, session: Session) -> None:
    """Refuse what came in a long body if its user, login or API token has lost its access since `identify`.

    Raises:
        ProblemError: `token_invalid` (401) or `forbidden` (403).
    """
    present = users.by_id(session, user.id)
    if present is None or not present.active or present.access_ended_at != user.access_ended_at:
        raise unauthorized("token_invalid", "user")
    used: ApiToken | None = getattr(request.state, "api_token", None)
    token = logins.api_token(session, used.id) if used is not None else None
    if used is not None and (token is None or token.revoked_at):
        raise unauthorized("token_invalid", "api_token")
    begun: AuthSession | None = getattr(request.state, "login", None) or getattr(request.state, "bearer", None)
    login = logins.session_by_id(session, begun.id) if begun is not None else None
    if begun is not None and (login is None or login.revoked_at):
        raise unauthorized("token_invalid", "user")
    check_permission(request, present)


def _identified(request: Request, credentials: HTTPAuthorizationCredentials | None, session: Session) -> User:
    settings = settings_of(request)
    if credentials is not None and api_tokens.is_api_token(credentials.credentials):
        token = api_tokens.use(request, session, credentials.credentials)
        request.state.api_token = token
        return token.user
    if credentials is not None:
        session_id, epoch = read_access_token(credentials.credentials, settings)
        login = logins.session_by_id(session, session_id)
        if login is None or login.revoked_at or not login.user.active or login.user.auth_epoch != epoch:
            raise unauthorized("token_invalid", "user")
        request.state.bearer = login
        return login.user
    login = sessions.read_session(session, request, settings)
    if login is None:
        raise unauthorized("not_authenticated")
    if request.method not in sessions.SAFE_METHODS:
        sessions.check_csrf(request)
        sessions.note_activity(request, session, login)
    request.state.login = login
    return login.user


def at_portal(request: Request) -> bool:
    """Whether the request comes from the portal, not from a program with a token; call after the user is identified."""
    return getattr(request.state, "login", None) is not None


def current_user(request: Request, credentials: Credentials, session: DbSession) -> User:
    """See `identify`; a request with an `Idempotency-Key` that was carried out before ends here, with its answer."""
    user = identify(request, credentials, session)
    claim_key(request, session, user.id)
    return user


CurrentUser = Annotated[User, Depends(current_user, scope="function")]


def detached_user(request: Request, credentials: Credentials) -> User:
    """As `current_user`, in a separate transaction that ends before the request waits for anything."""
    with reading(request.app.state.sessions) as session:
        return identify(request, credentials, session)


DetachedUser = Annotated[User, Depends(detached_user)]


def waiting_user(request: Request, credentials: Credentials) -> User:
    """As `detached_user`, for slow work before the request's own transaction, in which `current_user` follows.

    A request with an `Idempotency-Key` that was carried out before ends here, with its answer.
    """
    with reading(request.app.state.sessions) as session:
        user = identify(request, credentials, session)
        replay(request, session, user.id)
        return user


WaitingUser = Annotated[User, Depends(waiting_user)]


def admin_user(request: Request, user: CurrentUser) -> User:
    """An administrator, or an auditor where the route is of the audit log; by an API token with the scope `admin` only.

    Raises:
        ProblemError: `scope_missing`, 403.
    """
    api_tokens.check_scope(request, "admin")
    return user


AdminUser = Annotated[User, Depends(admin_user, scope="function")]


def person(request: Request, user: CurrentUser) -> User:
    """A user who logged in, and sent no API token. Protects what a stolen one must not be able to do.

    Raises:
        ProblemError: `login_required`, 403.
    """
    _check_person(request)
    return user


Person = Annotated[User, Depends(person, scope="function")]


def present_person(request: Request, user: CurrentUser) -> User:
    """A person at the portal who proved a moment ago who they are. Protects what no program and no passer-by may do.

    Raises:
        ProblemError: `portal_session_required` or `authentication_too_old`, 403.
    """
    if not at_portal(request):
        raise ProblemError(403, "portal_session_required")
    _check_fresh(request)
    return user


PresentPerson = Annotated[User, Depends(present_person, scope="function")]


def fresh_person(request: Request, user: Person) -> User:
    """A person; at the portal, one who proved a moment ago who they are. Protects what lasts beyond the session.

    Raises:
        ProblemError: `authentication_too_old`, 403.
    """
    _check_fresh(request)
    return user


FreshPerson = Annotated[User, Depends(fresh_person, scope="function")]


def fresh_user(request: Request, user: CurrentUser) -> User:
    """A program; at the portal, a person who proved a moment ago who they are.

    Protects what goes on after the session, where what a program begins ends with its API token.

    Raises:
        ProblemError: `authentication_too_old`, 403.
    """
    _check_fresh(request)
    return user


FreshUser = Annotated[User, Depends(fresh_user, scope="function")]


def token_id_of(request: Request) -> str | None:
    """The id of the API token of an identified request."""
    token: ApiToken | None = getattr(request.state, "api_token", None)
    return token.id if token else None


def check_fresh_person(request: Request) -> None:
    """As `FreshPerson`, for what only some callers of a route have to prove.

    Raises:
        ProblemError: `login_required` or `authentication_too_old`, 403.
    """
    _check_person(request)
    _check_fresh(request)


def _check_person(request: Request) -> None:
    if token_id_of(request) is not None:
        raise ProblemError(403, "login_required")


def _check_fresh(request: Request) -> None:
    login: AuthSession | None = getattr(request.state, "login", None)
    if login is not None and not is_fresh(login, settings_of(request)):
        raise ProblemError(403, "authentication_too_old")


def worker(request: Request, credentials: Credentials) -> None:
    """Admit workers only: they send the internal token.

    Raises:
        ProblemError: `not_authenticated`, 401.
    """
    expected = settings_of(request).internal_token.get_secret_value()
    if credentials is None or not hmac.compare_digest(credentials.credentials.encode(), expected.encode()):
        raise unauthorized("not_authenticated", "worker")
