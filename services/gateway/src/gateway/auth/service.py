"""Authentication: the only place where passwords are checked."""

from fastapi import Request
from sqlalchemy.orm import Session

from gateway.audit.service import record, record_apart
from gateway.auth import failed_logins
from gateway.auth.schemas import Proof
from gateway.auth.second_factor.service import SecondFactorAnswer, check_second_factor
from gateway.auth.throttle import LoginThrottle
from gateway.auth.tokens import unauthorized
from gateway.database import read
from gateway.errors import ProblemError
from gateway.users import repository
from gateway.users.models import User
from gateway.users.passwords import verify_password


def authenticate(
    request: Request, username: str, password: str, code: str | None = None
) -> tuple[User, dict[str, str]]:
    """The user with this name and password, and with this code where they have a second factor; and by what it was.

    An unknown name takes the same time and gets the same answer as a wrong password.

    Raises:
        ProblemError: `wrong_credentials`, `code_required` or `wrong_code` (401), or `rate_limited` (429).
    """
    user = with_password(request, username, password)
    return user, check_second_factor(request, user, SecondFactorAnswer(code), "login")


def with_password(request: Request, username: str, password: str) -> User:
    """The user with this name and password, who may still have to give a code.

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
        failed_logins.record_failure(request, username)
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


def prove(request: Request, user: User, proof: Proof) -> dict[str, str]:
    """Check once more who the person of a session is; no transaction may be open. Failures count as failed logins.

    Returns:
        By what they proved it, as the audit log keeps it.

    Raises:
        ProblemError: `wrong_password` (403), `code_required`, `wrong_code` or `wrong_security_key` (401), or
            `rate_limited` (429).
    """
    try:
        if proof.password is not None:
            check_password(request, user, proof.password.get_secret_value())
            return {"by": "password"}
        if user.second_factor:
            return check_second_factor(request, user, SecondFactorAnswer(proof.code, proof.credential), "proof")
        raise ProblemError(403, "wrong_password")
    except ProblemError as error:
        record_apart(request, user, "auth.failed", detail={"for": "auth.confirm", "code": error.code})
        raise


def check_own_password(user: User) -> None:
    """Refuse users who have to change a password that somebody else set, or to set up a second factor.

    Raises:
        ProblemError: `password_change_required` or `second_factor_missing`, 403.
    """
    if user.must_change_password:
        raise ProblemError(403, "password_change_required", "api")
    if lacks_second_factor(user):
        raise ProblemError(403, "second_factor_missing")


def lacks_second_factor(user: User) -> bool:
    """Whether an administrator requires a second factor that a user has not set up; programs have none."""
    return user.second_factor_required and not user.second_factor and user.identity is None and user.role != "service"


def note_login(session: Session, request: Request, user: User, by: dict[str, str] | None = None) -> None:
    """Write a successful login to the audit log, with the second factor that was given, and to the user."""
    repository.logged_in(session, user.id)
    record(session, request, user, "auth.login", "user", user.id, by)
