"""Links events that are in no chain, such as those of a version without chains. A running gateway never does this."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.audit import repository
from gateway.audit.chain import CHAINS, append
from gateway.audit.schemas import AuditEventRead
from gateway.audit.service import record
from gateway.database import AUDIT_KEY, SessionFactory

BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Sealed:
    """The result of sealing.

    Attributes:
        events: How many events.
        refused: How many were left without a link, because they are older than they may be.
        ends: Chains whose end was made again.
    """

    events: int
    refused: int
    ends: list[int]


OnEvent = Callable[[dict[str, Any], bool], None]
"""Called with each event that is in no chain, and with whether it will be linked."""


def _ignore(_event: dict[str, Any], _linked: bool) -> None:
    pass


def seal(sessions: SessionFactory, on_event: OnEvent = _ignore, since: datetime | None = None) -> Sealed:
    """Make the missing ends of chains, link the events that are in no chain, and record that in the log.

    Events older than `since` are not linked, because whoever can write to the database can insert events with a time in
    the past. Each batch is its own transaction, so that other transactions wait only briefly. If sealing is
    interrupted, the remaining events stay without a link, and `lobule audit verify` reports them.

    Args:
        sessions: Opens transactions, with the key of the chains.
        on_event: Called with each event before it is linked.
        since: Older events are not linked; the default is the time of the newest linked event.
    """
    key: bytes = sessions.kw["info"][AUDIT_KEY]
    with sessions.begin() as session:
        made = repository.missing_ends(session, CHAINS)
        session.add_all(made)
        since = since or repository.newest_linked(session) or BEGINNING
    linked = refused = after = 0
    while True:
        with sessions.begin() as session:
            events = repository.next_unlinked(session, after)
            if not events:
                break
            admitted = [event for event in events if event.at >= since]
            for event in events:
                on_event(AuditEventRead.model_validate(event).model_dump(mode="json"), event.at >= since)
            append(session, key, admitted)
        linked, refused, after = linked + len(admitted), refused + len(events) - len(admitted), events[-1].id
    sealed = Sealed(linked, refused, [end.id for end in made])
    if sealed.events or sealed.ends:
        with sessions.begin() as session:
            detail = {"events": sealed.events, "ends": sealed.ends, "since": since.isoformat()}
            record(session, None, "lobule", "audit.seal", detail=detail)
    return sealed


def described(event: dict[str, Any]) -> str:
    """Format an event as one line, for the person who judges whether it is genuine."""
    target = ":".join(str(event[name]) for name in ("target_type", "target_id") if event[name])
    parts = (event["id"], event["at"], event["actor_name"], event["action"], target, event["address"] or "-")
    return " ".join(str(part) for part in parts if part).replace("\n", " ")
