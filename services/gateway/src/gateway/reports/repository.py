"""Queries on signed reports and renderings."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.jobs.models import Rendering
from gateway.reports.models import CaseReport, version_keys
from lobule.contracts.progress import JobState


def of_case(session: Session, case_id: str) -> Sequence[CaseReport]:
    """List the signed versions of a case, newest first."""
    query = select(CaseReport).where(CaseReport.case_id == case_id)
    return session.scalars(query.order_by(CaseReport.version.desc())).all()


def version(session: Session, case_id: str, number: int) -> CaseReport | None:
    """One signed version."""
    return session.scalar(select(CaseReport).where(CaseReport.case_id == case_id, CaseReport.version == number))


def lock_version(session: Session, case_id: str, number: int) -> None:
    """Lock a signed version against other transactions that do so."""
    ours = select(CaseReport.id).where(CaseReport.case_id == case_id, CaseReport.version == number)
    session.execute(ours.with_for_update())


def numbers(session: Session, case_ids: Sequence[str] | None, version: int | None) -> list[tuple[str, int]]:
    """Case and number of each signed version, of all cases or some, with any number or one."""
    query = select(CaseReport.case_id, CaseReport.version).order_by(CaseReport.case_id, CaseReport.version)
    if case_ids:
        query = query.where(CaseReport.case_id.in_(case_ids))
    if version is not None:
        query = query.where(CaseReport.version == version)
    return [(case_id, number) for case_id, number in session.execute(query)]


def next_version(session: Session, case_id: str) -> int:
    """The number that the next signature gets; the case must be locked."""
    return 1 + (session.scalar(select(func.max(CaseReport.version)).where(CaseReport.case_id == case_id)) or 0)


def rendering_states(session: Session, case_id: str) -> list[tuple[str, JobState, str | None]]:
    """Key, state and error code of every rendering of a case's signed versions; no other columns are read."""
    ours = Rendering.key.startswith(version_keys(case_id), autoescape=True)
    query = select(Rendering.key, Rendering.state, Rendering.error_code).where(ours).order_by(Rendering.key)
    return [(key, state, code) for key, state, code in session.execute(query)]


def rendering(session: Session, key: str) -> Rendering | None:
    """The rendering with this key."""
    return session.scalar(select(Rendering).where(Rendering.key == key))


def rendering_by_id(session: Session, rendering_id: str) -> Rendering | None:
    """A rendering; None if it was deleted."""
    return session.get(Rendering, rendering_id)
