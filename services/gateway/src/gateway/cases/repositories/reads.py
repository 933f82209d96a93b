"""Queries on signed reads, on the sheets of readers, and on what the audit log may tell of a blind reading."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, delete, exists, func, or_, select
from sqlalchemy.orm import Session

from gateway.audit.models import AuditEvent
from gateway.cases.models import BOTH, Case, ReadingSheet, SignedRead
from gateway.users.models import User

BLIND_ACTIONS = ("finding.review", "finding.draw", "finding.erase", "finding.ask", "lesion.same", "lesion.apart")
"""Entries of the audit log that tell what a reader says of a case."""


def standing(session: Session, case: Case) -> Sequence[SignedRead]:
    """The reads of a case that are neither withdrawn nor superseded: first reader, second reader, arbiter."""
    query = select(SignedRead).where(SignedRead.case_id == case.id, SignedRead.round == case.read_round)
    return session.scalars(query.where(SignedRead.withdrawn_at.is_(None)).order_by(SignedRead.signed_at)).all()


def any_of_case(session: Session, case_id: str) -> bool:
    """Whether a case has a signed read that was not withdrawn, superseded or not."""
    query = select(SignedRead.id).where(SignedRead.case_id == case_id, SignedRead.withdrawn_at.is_(None))
    return session.scalar(query.limit(1)) is not None


def is_read_by(user: User) -> ColumnElement[bool]:
    """Condition for queries on cases: a read of this user is in force."""
    return exists().where(
        SignedRead.case_id == Case.id,
        SignedRead.round == Case.read_round,
        SignedRead.reader_id == user.id,
        SignedRead.withdrawn_at.is_(None),
    )


def read_by(session: Session, user: User, cases: Sequence[Case]) -> set[str]:
    """Ids of those cases of which a read of this user is in force."""
    return set(session.scalars(select(Case.id).where(Case.id.in_([case.id for case in cases]), is_read_by(user))))


def audit_events_visible_to(user: User) -> ColumnElement[bool]:
    """Which entries of the audit log a user may see: not what others say of a case while its reading is blind."""
    blind = select(Case.id).where(Case.double_reading.is_not(None), Case.has_films, Case.reads < BOTH)
    return or_(
        AuditEvent.actor_id == user.id,
        AuditEvent.action.not_in(BLIND_ACTIONS),
        AuditEvent.target_id.is_(None),
        AuditEvent.target_id.not_in(blind),
    )


def sheet(session: Session, case_id: str, user_id: str) -> ReadingSheet | None:
    """The sheet of a reader; None before the first change."""
    return session.get(ReadingSheet, (case_id, user_id))


def count_sheets(session: Session, case_id: str) -> int:
    """How many readers of a case have said something of it."""
    query = select(func.count()).select_from(ReadingSheet).where(ReadingSheet.case_id == case_id)
    return session.scalar(query) or 0


def with_separate_sheets(session: Session) -> Sequence[Case]:
    """The unsigned cases whose readers have separate sheets; locked for this transaction."""
    kept = exists().where(ReadingSheet.case_id == Case.id)
    query = select(Case).where(Case.double_reading.is_not(None), Case.reads == 0, kept)
    return session.scalars(query.with_for_update(key_share=True)).all()


def forget_sheets(session: Session, case_id: str) -> None:
    """Delete how often readers have changed their own sheets of a case."""
    session.execute(delete(ReadingSheet).where(ReadingSheet.case_id == case_id))
