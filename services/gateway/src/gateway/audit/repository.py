"""Queries on the audit log."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from gateway.audit.models import AuditEvent
from gateway.paging import Order, page

_NEWEST = Order((AuditEvent.at, AuditEvent.id))
_BATCH = 500


@dataclass(frozen=True)
class AuditFilter:
    """A filter of events; None and empty values match all.

    Attributes:
        actor: Part of the actor's name.
        action: Beginning of the action, such as `report` or `report.sign`.
        target_id: Id of the object that was acted on.
        since: Not before.
        until: Before.
        told: Which events the reader of the log may see; None: all.
    """

    actor: str | None = None
    action: str | None = None
    target_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    told: ColumnElement[bool] | None = None

    def select(self) -> Select[AuditEvent]:
        """The events, without order."""
        query = select(AuditEvent)
        if self.told is not None:
            query = query.where(self.told)
        if self.actor:
            query = query.where(AuditEvent.actor_name.icontains(self.actor, autoescape=True))
        if self.action:
            query = query.where(AuditEvent.action.istartswith(self.action, autoescape=True))
        if self.target_id:
            query = query.where(AuditEvent.target_id == self.target_id)
        if self.since:
            query = query.where(AuditEvent.at >= self.since)
        if self.until:
            query = query.where(AuditEvent.at < self.until)
        return query


def events(
    session: Session, wanted: AuditFilter, limit: int, cursor: str | None
) -> tuple[Sequence[AuditEvent], str | None]:
    """A page of the log, newest first."""
    return page(session, wanted.select(), _NEWEST, limit, cursor)


def every(session: Session, wanted: AuditFilter) -> Iterator[AuditEvent]:
    """All events, newest first, a batch in memory at a time."""
    cursor = None
    while True:
        rows, cursor = events(session, wanted, _BATCH, cursor)
        yield from rows
        session.expunge_all()
        if cursor is None:
            return


def actions(session: Session) -> list[str]:
    """The distinct actions, for a filter's choices."""
    return sorted(session.scalars(select(AuditEvent.action).distinct()))
