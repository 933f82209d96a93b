"""The user of a page of the portal."""

from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Request
from sqlalchemy.orm import object_session

from gateway.auth import api_tokens, sessions
from gateway.auth.dependencies import settings_of
from gateway.auth.failed_logins import FailedLogins
from gateway.auth.service import lacks_second_factor
from gateway.database import DbSession
from gateway.users import permissions
from gateway.users.models import User


class LoginRequiredError(Exception):
    """A page was requested by a user who first has to log in or choose a password; answered with a redirect.

    Args:
        path: The requested path.
        first: The page to redirect to.
    """

    def __init__(self, path: str, first: str = "/login") -> None:
        super().__init__(path)
        self.location = f"{first}?next={quote(path, safe='/')}"


class PageForbiddenError(Exception):
    """A page was requested by a user whose role does not have the permission that it needs.

    Args:
        user: The user who requested the page.
    """

    def __init__(self, user: User) -> None:
        super().__init__(user.username)
        session = object_session(user)
        if session is not None:
            session.expunge(user)  # it stays readable when the session is rolled back, and the page is drawn
        self.user = user


def logged_in_user(request: Request, session: DbSession) -> User:
    """The logged-in user of a page, even if their password must be changed.

    Raises:
        LoginRequiredError: If nobody is logged in.
    """
    login = sessions.read_session(session, request, settings_of(request))
    if login is None:
        raise LoginRequiredError(_place(request))
    api_tokens.note_actor(request, login.user)
    sessions.note_activity(request, session, login)
    request.state.failed_logins = FailedLogins.of(login)
    return login.user


LoggedIn = Annotated[User, Depends(logged_in_user, scope="function")]


def portal_user(request: Request, user: LoggedIn) -> User:
    """The logged-in user of a page.

    Raises:
        LoginRequiredError: If they have to choose a password or set up a second factor first.
        PageForbiddenError: If their role lacks the permission for the page.
    """
    if user.must_change_password:
        raise LoginRequiredError(_place(request), first="/password")
    if lacks_second_factor(user):
        raise LoginRequiredError(_place(request), first="/second-factor")
    if not permissions.may_use(user.role, request.method, request.scope["route"].path):
        raise PageForbiddenError(user)
    return user


def _place(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


PortalUser = Annotated[User, Depends(portal_user, scope="function")]
