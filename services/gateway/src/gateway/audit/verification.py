"""Verifies the audit log: its chains, and what anchors say of them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.orm import Session

from gateway.audit import repository
from gateway.audit.anchors import Anchor
from gateway.audit.chain import CHAINS, link_of


@dataclass(frozen=True)
class Fault:
    """A fault of the log.

    Attributes:
        kind: `changed`: an event is not what was written, or not where; `end`: the end of a chain is gone, or does not
            know its events; `missing`: events were deleted; `unlinked`: an event was inserted that no gateway wrote;
            `anchor`: a line of the anchors' file is damaged.
        chain: Number of the chain; 0 for none.
        first: Position of the first event concerned; of an unlinked one its id.
        last: Position, or id, of the last one.
    """

    kind: Literal["changed", "end", "missing", "unlinked", "anchor"]
    chain: int
    first: int
    last: int


def verify(
    session: Session, key: bytes, anchors: Iterable[Anchor | None] = (), former: Sequence[bytes] = ()
) -> Iterator[Fault]:
    """The faults of the log; empty if every event is as it was written.

    Args:
        session: The database.
        key: Key of the chains.
        anchors: Anchors of the chains; events before the newest anchor cannot have been cut off unnoticed.
        former: Keys before this one, in their order. In a chain, no event of a key follows one of a later key.
    """
    keys = [*former, key]
    anchored: dict[int, dict[int, str]] = defaultdict(dict)
    for line, anchor in enumerate(anchors, 1):
        if anchor is None or all(anchor.sealed(each) != anchor.seal for each in keys):
            yield Fault("anchor", 0, line, line)
            continue
        for chain, (position, link) in anchor.ends.items():
            anchored[chain][position] = link
    ends = {end.id: (end.position, end.link) for end in repository.ends(session)}
    used = repository.chains_used(session)
    for chain in sorted({*range(1, CHAINS + 1)} | ends.keys() | anchored.keys() | used):
        position, link = ends.get(chain, (0, ""))
        known = anchored[chain] | ({position: link} if position else {})
        yield from _faults_of_chain(session, keys, chain, known)
        if chain not in ends or (chain in used and not position):
            yield Fault("end", chain, 0, 0)
    for events in repository.unlinked(session):
        yield from (Fault("unlinked", 0, event.id, event.id) for event in events)


def is_of(session: Session, keys: Sequence[bytes]) -> bool:
    """Whether one of the keys has linked a last event; True if there is none."""
    ends = list(repository.ends_of_chains(session))
    return not ends or any(link_of(key, before, event) == event.link for before, event in ends for key in keys)


def _faults_of_chain(session: Session, keys: Sequence[bytes], chain: int, known: dict[int, str]) -> Iterator[Fault]:
    """The faults of a chain; its links at some positions are known from anchors."""
    position, before = 0, ""
    for event in repository.of_chain(session, chain):
        found, link = event.position or 0, event.link or ""
        if found != position + 1:
            yield Fault("missing", chain, position + 1, found - 1)  # what follows the gap cannot be linked to it
        else:
            fitting = [number for number, key in enumerate(keys) if link_of(key, before, event) == link]
            if not fitting or known.get(found, link) != link:
                yield Fault("changed", chain, found, found)
            else:
                keys = keys[fitting[0] :]
        position, before = found, link
    if known and max(known) > position:
        yield Fault("missing", chain, position + 1, max(known))
