"""The signed reads of cases that two people read, and who may read, settle, withdraw and begin anew."""

from sqlalchemy.orm import Session

from gateway.cases.models import BOTH, Case, SignedRead
from gateway.cases.repositories.reads import standing
from gateway.errors import ProblemError
from gateway.users import repository as users
from gateway.users.models import User
from gateway.users.permissions import has_permission


def of_user(session: Session, case: Case, user: User) -> SignedRead | None:
    """The signed read of a case by a user that is in force."""
    return next((read for read in standing(session, case) if read.reader_id == user.id), None)


def check_may_read(session: Session, case: Case, user: User) -> None:
    """Refuse that somebody who has read a case takes part in its double reading once more.

    Raises:
        ProblemError: `already_read`, 409.
    """
    if case.read_twice and of_user(session, case, user) is not None:
        raise ProblemError(409, "already_read", "open" if case.blind else "both")


def check_may_mark(session: Session, case: Case, user: User) -> None:
    """Refuse that verdicts and findings of a case that is read twice change once its reader, or everyone, has signed.

    Raises:
        ProblemError: As `check_may_read`, or `already_read`, 409.
    """
    check_may_read(session, case, user)
    if case.read_twice and case.reads == BOTH and case.state != "arbitration":
        raise ProblemError(409, "already_read", "both")


def may_begin_anew(session: Session, case: Case, user: User) -> bool:
    """Whether a user may have a case read again: its owner and, after both have read it, its readers.

    If the owner is a program or was deactivated, anyone who may sign it answers for it.
    """
    if not case.read_twice or case.reads == 0 or not has_permission(user.role, "sign"):
        return False
    owner = users.by_id(session, case.owner_id)
    if owner is None or user.id == owner.id or owner.role == "service" or not owner.active:
        return True
    return not case.blind and of_user(session, case, user) is not None
