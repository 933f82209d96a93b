"""Who is it? The one place where a password is checked."""

from fastapi import Request
from sqlalchemy.orm import Session

from gateway.audit.service import record
from gateway.auth.passwords import verify_password
from gateway.auth.throttle import LoginThrottle
from gateway.auth.tokens import unauthorized
from gateway.database import SessionFactory, reading
from gateway.users import repository
from gateway.users.models import User


def authenticate(
    sessions: SessionFactory, throttle: LoginThrottle, request: Request, username: str, password: str
) -> User:
    """The user with this name and password.

    An unknown name takes the same time and gets the same answer as a wrong password.

    Raises:
        ProblemError: `wrong_credentials` (401) or `rate_limited` (429).
    """
    address = request.client.host if request.client else "unknown"
    throttle.check(username, address)
    with reading(sessions) as session:
        user = repository.by_username(session, username)
    right = verify_password(password, user.password_hash if user else None)
    if user is None or not right or not user.active:
        throttle.failed(username, address)
        with sessions.begin() as session:
            record(session, request, username or "?", "auth.failed")
        raise unauthorized("wrong_credentials", "The user name or the password is not right.")
    throttle.succeeded(username)
    return user


def note_login(session: Session, request: Request, user: User) -> None:
    """Write a successful login to the audit log."""
    record(session, request, user, "auth.login", "user", user.id)
