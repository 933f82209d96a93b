"""Queries on the audit log and its chains."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from gateway.audit.models import AuditChain, AuditEvent
from gateway.paging import Order, page

_NEWEST = Order((AuditEvent.at, AuditEvent.id))
_OLDEST = Order((AuditEvent.at, AuditEvent.id), descending=False)
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
        visible: Which events the reader of the log may see; None: all.
    """

    actor: str | None = None
    action: str | None = None
    target_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    visible: ColumnElement[bool] | None = None

    def select(self) -> Select[AuditEvent]:
        """The events, without order."""
        query = select(AuditEvent)
        if self.visible is not None:
            query = query.where(self.visible)
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
    session: Session, wanted: AuditFilter, limit: int, cursor: str | None, *, oldest_first: bool = False
) -> tuple[Sequence[AuditEvent], str | None]:
    """A page of the log, newest first by default."""
    return page(session, wanted.select(), _OLDEST if oldest_first else _NEWEST, limit, cursor)


def batch(
    session: Session, wanted: AuditFilter, cursor: str | None, *, oldest_first: bool = False
) -> tuple[Sequence[AuditEvent], str | None]:
    """A long page of events for an export, and the cursor of the next."""
    return events(session, wanted, _BATCH, cursor, oldest_first=oldest_first)


def every(session: Session, wanted: AuditFilter, *, oldest_first: bool = False) -> Iterator[AuditEvent]:
    """All events, newest first by default, a batch in memory at a time."""
    cursor = None
    while True:
        rows, cursor = batch(session, wanted, cursor, oldest_first=oldest_first)
        yield from rows
        session.expunge_all()
        if cursor is None:
            return


def actions(session: Session) -> list[str]:
    """The distinct actions, for a filter's choices."""
    return sorted(session.scalars(select(AuditEvent.action).distinct()))


def count(session: Session) -> int:
    """How many events there are."""
    return session.scalar(select(func.count()).select_from(AuditEvent)) or 0


def free_end(session: Session) -> AuditChain | None:
    """The end of a chain that no other transaction has locked, or, after waiting, of the first chain; locked."""
    query = select(AuditChain).order_by(AuditChain.id).limit(1).execution_options(populate_existing=True)
    free = session.scalars(query.with_for_update(skip_locked=True)).first()
    return free or session.scalars(query.with_for_update()).first()


def missing_ends(session: Session, number: int) -> list[AuditChain]:
    """The ends that so many chains lack, as the newest event of each says; not added to the session."""
    missing = sorted(set(range(1, number + 1)) - {end.id for end in ends(session)})
    made: list[AuditChain] = []
    for chain in missing:
        in_chain = select(AuditEvent).where(AuditEvent.chain == chain)
        newest = session.scalars(in_chain.order_by(AuditEvent.position.desc()).limit(1)).first()
        position, link = (newest.position or 0, newest.link or "") if newest else (0, "")
        made.append(AuditChain(id=chain, position=position, link=link))
    return made


def ends(session: Session) -> Sequence[AuditChain]:
    """The ends of all chains."""
    return session.scalars(select(AuditChain).order_by(AuditChain.id)).all()


def chains_used(session: Session) -> set[int]:
    """The numbers of the chains that events are in."""
    found = session.scalars(select(AuditEvent.chain).where(AuditEvent.chain.is_not(None)).distinct())
    return {chain for chain in found if chain is not None}


def of_chain(session: Session, chain: int) -> Iterator[AuditEvent]:
    """The events of a chain in order, a batch in memory at a time."""
    query = select(AuditEvent).where(AuditEvent.chain == chain).order_by(AuditEvent.position)
    return iter(session.scalars(query.execution_options(yield_per=_BATCH)))


def ends_of_chains(session: Session) -> Iterator[tuple[str, AuditEvent]]:
    """The last event of each chain, after the link of the one before it."""
    for end in ends(session):
        last = select(AuditEvent).where(AuditEvent.chain == end.id, AuditEvent.position >= end.position - 1)
        match session.scalars(last.order_by(AuditEvent.position)).all():
            case [only] if only.position == 1:
                yield "", only
            case [before, event]:
                yield before.link or "", event


def unlinked(session: Session) -> Iterator[Sequence[AuditEvent]]:
    """The events that are in no chain, oldest first, in batches."""
    query = select(AuditEvent).where(AuditEvent.chain.is_(None)).order_by(AuditEvent.id)
    return session.scalars(query.execution_options(yield_per=_BATCH)).partitions()


def newest_linked(session: Session) -> datetime | None:
    """When the newest event that is in a chain was."""
    linked = select(func.max(AuditEvent.at, type_=AuditEvent.at.type)).where(AuditEvent.chain.is_not(None))
    return session.scalar(linked)


def next_unlinked(session: Session, after: int) -> Sequence[AuditEvent]:
    """A batch of the events that are in no chain, in the order of their numbers.

    Args:
        session: The transaction.
        after: Number of the last event of the batch before; 0 for the first.
    """
    query = select(AuditEvent).where(AuditEvent.chain.is_(None), AuditEvent.id > after)
    return session.scalars(query.order_by(AuditEvent.id).limit(_BATCH)).all()
