"""Links events that are in no chain: those of a version without chains. No gateway does so while it serves."""

from dataclasses import dataclass

from gateway.audit import repository
from gateway.audit.chain import CHAINS, append
from gateway.audit.service import record
from gateway.database import AUDIT_KEY, SessionFactory


@dataclass(frozen=True)
class Sealed:
    """What was linked.

    Attributes:
        events: How many events.
        ends: Chains whose end was made again.
    """

    events: int
    ends: list[int]


def seal(sessions: SessionFactory) -> Sealed:
    """Make the ends that are missing, and link the events that are in no chain; the log says so.

    Each batch is a transaction of its own, so that others wait for none for long. What is left where it is interrupted
    stays without a link, and `lobule audit verify` names it.

    Args:
        sessions: Of the database, with the key of the chains.
    """
    key: bytes = sessions.kw["info"][AUDIT_KEY]
    with sessions.begin() as session:
        made = repository.missing_ends(session, CHAINS)
        session.add_all(made)
    count = after = 0
    while True:
        with sessions.begin() as session:
            events = repository.next_unlinked(session, after)
            if not events:
                break
            append(session, key, events)
        count, after = count + len(events), events[-1].id
    sealed = Sealed(count, [end.id for end in made])
    if sealed.events or sealed.ends:
        with sessions.begin() as session:
            detail = {"events": sealed.events, "ends": sealed.ends}
            record(session, None, "lobule", "audit.seal", detail=detail)
    return sealed
