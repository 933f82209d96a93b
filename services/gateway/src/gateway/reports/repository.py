"""Queries on signed reports and renderings."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.jobs.models import Rendering
from gateway.reports.models import CaseReport


def of_case(session: Session, case_id: str) -> Sequence[CaseReport]:
    """The signed versions of a case, newest first."""
    query = select(CaseReport).where(CaseReport.case_id == case_id)
    return session.scalars(query.order_by(CaseReport.version.desc())).all()


def version(session: Session, case_id: str, number: int) -> CaseReport | None:
    """One signed version."""
    return session.scalar(select(CaseReport).where(CaseReport.case_id == case_id, CaseReport.version == number))


def next_version(session: Session, case_id: str) -> int:
    """The number that the next signature gets; the case must be locked."""
    return 1 + (session.scalar(select(func.max(CaseReport.version)).where(CaseReport.case_id == case_id)) or 0)


def rendering(session: Session, key: str) -> Rendering | None:
    """The rendering of exactly this."""
    return session.scalar(select(Rendering).where(Rendering.key == key))
