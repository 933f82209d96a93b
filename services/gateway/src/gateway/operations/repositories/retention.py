"""Queries that find and delete what has passed its retention period."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, not_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from gateway.audit.models import RETENTION_ENDED, AuditEvent
from gateway.auth.models import AuthSession
from gateway.cases.models import Case
from gateway.clock import now
from gateway.database import Base
from gateway.dicomweb.models import ResultInstance
from gateway.images.models import Image
from gateway.jobs.models import Job, Rendering, Step, Work
from gateway.webhooks.models import Delivery
from lobule import layout
from lobule.contracts.progress import FINAL_STATES


def last_run(session: Session, before: datetime) -> datetime | None:
    """When the last retention run before a time ended; None if there was none."""
    ended = select(func.max(AuditEvent.at)).where(AuditEvent.action == RETENTION_ENDED, AuditEvent.at <= before)
    return session.scalar(ended)


def old_images(session: Session, limit: datetime, most: int | None, only: str | None = None) -> Sequence[str]:
    """Ids of images outside of cases that are older than a limit; of one image if it is named."""
    query = select(Image.id).where(Image.case_id.is_(None), not_(_is_young(limit)))
    return _some(session, query, Image.id, most, only)


def old_cases(session: Session, limit: datetime, most: int | None, only: str | None = None) -> Sequence[str]:
    """Ids of cases in which everything is older than a limit; of one case, which is locked, if it is named."""
    if only is not None:  # an upload that comes at this moment locks it, too
        session.execute(select(Case.id).where(Case.id == only).with_for_update(key_share=True))
    young_image = exists().where(Image.case_id == Case.id, _is_young(limit))
    query = select(Case.id).where(Case.updated_at < limit, Case.created_at < limit, not_(young_image))
    return _some(session, query, Case.id, most, only)


def old_renderings(session: Session, limit: datetime, most: int | None, only: str | None = None) -> Sequence[str]:
    """Ids of reports that were rendered on demand; those of signed versions are deleted with their case."""
    signed = Rendering.key.like("case:%:version:%")
    old = and_(Rendering.created_at < limit, Rendering.state.in_(FINAL_STATES))
    return _some(session, select(Rendering.id).where(old, not_(signed)), Rendering.id, most, only)


def _some(
    session: Session, query: Select[str], column: InstrumentedAttribute[str], most: int | None, only: str | None
) -> Sequence[str]:
    return session.scalars((query if only is None else query.where(column == only)).limit(most)).all()


def _is_young(limit: datetime) -> ColumnElement[bool]:
    """Whether an image or its newest job is younger than the limit, or still running."""
    job = aliased(Job)
    busy = exists().where(
        job.image_id == Image.id,
        or_(job.created_at >= limit, job.finished_at >= limit, job.state.not_in(FINAL_STATES)),
    )
    return or_(Image.created_at >= limit, busy)


def is_known(session: Session, place: layout.Place) -> bool:
    """Whether there is the row that objects of the store belong to."""
    tables: dict[layout.Owner, type[Base]] = {"images": Image, "instances": ResultInstance, "jobs": Work}
    return session.get(tables[place.owner], place.id) is not None


def steps_done(session: Session, work_id: str) -> Sequence[Step]:
    """The steps of an analysis or rendering that are done."""
    return session.scalars(select(Step).where(Step.job_id == work_id, Step.state == "done")).all()


def delete_expired_logins(session: Session) -> int:
    """Delete expired logins; returns how many."""
    gone = session.execute(delete(AuthSession).where(AuthSession.expires_at < now()))
    return gone.rowcount  # pyright: ignore[reportAttributeAccessIssue] - a DML result


def delete_messages(session: Session, before: datetime) -> int:
    """Delete messages to webhooks that were delivered or given up; returns how many."""
    gone = session.execute(delete(Delivery).where(Delivery.state != "pending", Delivery.created_at < before))
    return gone.rowcount  # pyright: ignore[reportAttributeAccessIssue] - a DML result
