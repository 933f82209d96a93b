"""Authentication: the only place where passwords are checked."""

from fastapi import Request
from pydantic import SecretStr
from sqlalchemy.orm import Session

from gateway.audit.service import record, record_apart
from gateway.auth.throttle import LoginThrottle
from gateway.auth.tokens import unauthorized
from gateway.database import read
from gateway.errors import ProblemError
from gateway.users import repository
from gateway.users.models import User
from gateway.users.passwords import verify_password


def authenticate(request: Request, username: str, password: str) -> User:
    """The user with this name and password.

    An unknown name takes the same time and gets the same answer as a wrong password.

    Raises:
        ProblemError: `wrong_credentials` (401) or `rate_limited` (429).
    """
    throttle: LoginThrottle = request.app.state.throttle

    def find() -> User | None:
        user = read(request.app.state.sessions, lambda session: repository.by_username(session, username))
        right = verify_password(password, user.password_hash if user else None)
        return user if user is not None and right and user.active else None

    user = throttle.check(username, _address(request), find)
    if user is None:
        record_apart(request, username or "?", "auth.failed")
        raise unauthorized("wrong_credentials")
    return user


def check_password(request: Request, user: User, password: str) -> None:
    """Check the logged-in user's password. A wrong one counts as a failed login.

    Raises:
        ProblemError: `wrong_password` (403) or `rate_limited` (429).
    """
    throttle: LoginThrottle = request.app.state.throttle
    right = throttle.check(
        user.username, _address(request), lambda: True if verify_password(password, user.password_hash) else None
    )
    if right is None:
        raise ProblemError(403, "wrong_password")


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def fresh_authentication(
    request: Request, user: User, password: SecretStr | None, *, required: bool, purpose: str
) -> None:
    """Require the password again, to confirm that the person who logged in is the one who acts now.

    Args:
        request: The request, already identified; no transaction may be open.
        user: Its user.
        password: What they gave; it is checked whether it was required or not.
        required: Whether a password has to be given.
        purpose: What they are about to do, as the audit log names it.

    Raises:
        ProblemError: `password_required` or `wrong_password` (403), or `rate_limited` (429).
    """
    if password is None:
        if required:
            raise ProblemError(403, "password_required")
        return
    try:
        check_password(request, user, password.get_secret_value())
    except ProblemError as error:
        record_apart(request, user, "auth.failed", detail={"for": purpose, "code": error.code})
        raise


def check_own_password(user: User) -> None:
    """Refuse users whose password was set by somebody else until they have changed it.

    Raises:
        ProblemError: `password_change_required`, 403.
    """
    if user.must_change_password:
        raise ProblemError(403, "password_change_required", "api")


def note_login(session: Session, request: Request, user: User) -> None:
    """Write a successful login to the audit log and to the user."""
    repository.logged_in(session, user.id)
    record(session, request, user, "auth.login", "user", user.id)
