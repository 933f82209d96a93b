"""Links events that are in no chain: those of a version without chains. No gateway does so while it serves."""

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
    """What was linked.

    Attributes:
        events: How many events.
        refused: How many were left without a link, because they are older than they may be.
        ends: Chains whose end was made again.
    """

    events: int
    refused: int
    ends: list[int]


Told = Callable[[dict[str, Any], bool], None]
"""Is told of each event in no chain: the event, and whether it is linked."""


def _to_nobody(_event: dict[str, Any], _linked: bool) -> None:
    pass


def seal(sessions: SessionFactory, told: Told = _to_nobody, since: datetime | None = None) -> Sealed:
    """Make the ends that are missing, and link the events that are in no chain; the log says so.

    An event that is older than the newest one with a link is left alone where `since` does not admit it: whoever can
    write to the database can insert one at any moment of the past. Each batch is a transaction of its own, so that
    others wait for none for long. What is left where it is interrupted stays without a link, and `lobule audit verify`
    names it.

    Args:
        sessions: Of the database, with the key of the chains.
        told: Of each event, before it is linked.
        since: Older events are left alone; by default those older than the newest event with a link.
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
                told(AuditEventRead.model_validate(event).model_dump(mode="json"), event.at >= since)
            append(session, key, admitted)
        linked, refused, after = linked + len(admitted), refused + len(events) - len(admitted), events[-1].id
    sealed = Sealed(linked, refused, [end.id for end in made])
    if sealed.events or sealed.ends:
        with sessions.begin() as session:
            detail = {"events": sealed.events, "ends": sealed.ends, "since": since.isoformat()}
            record(session, None, "lobule", "audit.seal", detail=detail)
    return sealed


def described(event: dict[str, Any]) -> str:
    """An event on one line, for whoever judges whether it is genuine."""
    target = ":".join(str(event[name]) for name in ("target_type", "target_id") if event[name])
    parts = (event["id"], event["at"], event["actor_name"], event["action"], target, event["address"] or "-")
    return " ".join(str(part) for part in parts if part).replace("\n", " ")
