"""The signed reads of cases that two people read, and who may read, settle, withdraw and begin anew."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from gateway.audit.models import AuditEvent
from gateway.cases.models import BOTH, Case, SignedRead
from gateway.errors import ProblemError
from gateway.users.models import User
from gateway.users.permissions import may

BLIND_ACTIONS = ("finding.review", "finding.draw", "finding.erase", "finding.ask", "lesion.same", "lesion.apart")
"""Entries of the audit log that tell what a reader says of a case."""


def standing(session: Session, case: Case) -> Sequence[SignedRead]:
    """The reads of a case that are neither withdrawn nor superseded: first reader, second reader, arbiter."""
    query = select(SignedRead).where(SignedRead.case_id == case.id, SignedRead.round == case.read_round)
    return session.scalars(query.where(SignedRead.withdrawn_at.is_(None)).order_by(SignedRead.signed_at)).all()


def of_user(session: Session, case: Case, user: User) -> SignedRead | None:
    """The read of a case that a user has signed and that stands."""
    return next((read for read in standing(session, case) if read.reader_id == user.id), None)


def is_read_by(user: User) -> ColumnElement[bool]:
    """Whether a read of this user stands, for queries on cases."""
    return exists().where(
        SignedRead.case_id == Case.id,
        SignedRead.round == Case.read_round,
        SignedRead.reader_id == user.id,
        SignedRead.withdrawn_at.is_(None),
    )


def read_by(session: Session, user: User, cases: Sequence[Case]) -> set[str]:
    """Ids of those cases of which a read of this user stands."""
    return set(session.scalars(select(Case.id).where(Case.id.in_([case.id for case in cases]), is_read_by(user))))


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
    """Whether a user may have a case read anew: its owner; once both have read it, its readers.

    Where the owner is a program or was deactivated, anyone who may sign it answers for it.
    """
    if not case.read_twice or case.reads == 0 or not may(user.role, "sign"):
        return False
    owner = session.get_one(User, case.owner_id)
    if user.id == owner.id or owner.role == "service" or not owner.active:
        return True
    return not case.blind and of_user(session, case, user) is not None


def may_be_told(user: User) -> ColumnElement[bool]:
    """Which entries of the audit log a user may see: not what others say of a case while its reading is blind."""
    blind = select(Case.id).where(Case.double_reading.is_not(None), Case.has_films, Case.reads < BOTH)
    return or_(
        AuditEvent.actor_id == user.id,
        AuditEvent.action.not_in(BLIND_ACTIONS),
        AuditEvent.target_id.is_(None),
        AuditEvent.target_id.not_in(blind),
    )
