"""Creating users."""

from sqlalchemy.orm import Session

from gateway.auth.passwords import hash_password
from gateway.errors import ProblemError
from gateway.users import repository
from gateway.users.models import User
from gateway.users.schemas import UserCreate


def create_user(session: Session, new: UserCreate) -> User:
    """Add a user.

    Raises:
        ProblemError: `username_taken`.
    """
    if repository.by_username(session, new.username):
        raise ProblemError(
            409, "username_taken", f"There is already a user {new.username!r}. Please choose another name."
        )
    user = User(
        username=new.username.lower(),
        display_name=new.display_name or new.username,
        password_hash=hash_password(new.password),
        role=new.role,
    )
    session.add(user)
    session.flush()
    return user
