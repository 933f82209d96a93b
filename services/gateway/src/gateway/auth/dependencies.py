"""Authentication dependencies of the endpoints."""

import hmac
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

from gateway.auth import api_tokens, sessions
from gateway.auth.service import check_own_password
from gateway.auth.tokens import read_access_token, unauthorized
from gateway.database import DbSession, reading
from gateway.errors import ProblemError
from gateway.settings import GatewaySettings
from gateway.users import repository
from gateway.users.models import User

_bearer = HTTPBearer(auto_error=False, description="access token of POST /api/v1/auth/token, or an API token")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]

_BEFORE_ALL_ELSE = ("/api/v1/users/me", "/api/v1/users/me/password")  # allowed before the password was changed


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
    if request.url.path not in _BEFORE_ALL_ELSE:
        check_own_password(user)
    return user


def _identified(request: Request, credentials: HTTPAuthorizationCredentials | None, session: Session) -> User:
    settings = settings_of(request)
    if credentials is not None and api_tokens.is_api_token(credentials.credentials):
        token = api_tokens.use(request, session, credentials.credentials)
        request.state.api_token = token
        return token.user
    if credentials is not None:
        user_id, epoch = read_access_token(credentials.credentials, settings)
        user = repository.by_id(session, user_id)
        if user is None or not user.active or user.auth_epoch != epoch:
            raise unauthorized("token_invalid", "user")
        return user
    login = sessions.read_session(session, request, settings)
    if login is None:
        raise unauthorized("not_authenticated")
    if request.method not in sessions.SAFE_METHODS:
        sessions.check_csrf(request)
    request.state.at_portal = True
    return login.user


def at_portal(request: Request) -> bool:
    """Whether the request comes from the portal, not from a program with a token; call after the user is identified."""
    return getattr(request.state, "at_portal", False)


def current_user(request: Request, credentials: Credentials, session: DbSession) -> User:
    """See `identify`."""
    return identify(request, credentials, session)


CurrentUser = Annotated[User, Depends(current_user, scope="function")]


def detached_user(request: Request, credentials: Credentials) -> User:
    """As `current_user`, in a separate transaction that ends before the request waits for anything."""
    with reading(request.app.state.sessions) as session:
        return identify(request, credentials, session)


DetachedUser = Annotated[User, Depends(detached_user)]


def admin_user(request: Request, user: CurrentUser) -> User:
    """An administrator; by an API token only where it has the scope `admin`.

    Raises:
        ProblemError: `forbidden` or `scope_missing`, 403.
    """
    if user.role != "admin":
        raise ProblemError(403, "forbidden")
    api_tokens.check_scope(request, "admin")
    return user


AdminUser = Annotated[User, Depends(admin_user, scope="function")]


def person(request: Request, user: CurrentUser) -> User:
    """A user who logged in with a password. Protects what a stolen API token must not be able to do.

    Raises:
        ProblemError: `login_required`, 403.
    """
    if getattr(request.state, "api_token", None) is not None:
        raise ProblemError(403, "login_required")
    return user


Person = Annotated[User, Depends(person, scope="function")]


class LoginRequiredError(Exception):
    """A page was requested by a user who first has to log in or choose a password; answered with a redirect.

    Args:
        path: The requested path.
        first: The page to redirect to.
    """

    def __init__(self, path: str, first: str = "/login") -> None:
        super().__init__(path)
        self.location = f"{first}?next={quote(path, safe='/')}"


def logged_in_user(request: Request, session: DbSession) -> User:
    """The logged-in user of a page, even if their password must be changed.

    Raises:
        LoginRequiredError: Where nobody is logged in.
    """
    login = sessions.read_session(session, request, settings_of(request))
    if login is None:
        raise LoginRequiredError(_place(request))
    return login.user


LoggedIn = Annotated[User, Depends(logged_in_user, scope="function")]


def portal_user(request: Request, user: LoggedIn) -> User:
    """The logged-in user of a page.

    Raises:
        LoginRequiredError: Where they have to choose a password first.
    """
    if user.must_change_password:
        raise LoginRequiredError(_place(request), first="/password")
    return user


def _place(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


PortalUser = Annotated[User, Depends(portal_user, scope="function")]


def worker(request: Request, credentials: Credentials) -> None:
    """Admit workers only: they send the internal token.

    Raises:
        ProblemError: `not_authenticated`, 401.
    """
    expected = settings_of(request).internal_token.get_secret_value()
    if credentials is None or not hmac.compare_digest(credentials.credentials.encode(), expected.encode()):
        raise unauthorized("not_authenticated", "worker")
