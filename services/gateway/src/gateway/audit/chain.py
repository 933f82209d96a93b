"""Links audit events: each carries an HMAC over itself and the link before it, so that none changes unnoticed.

There are several chains, because one would let a single transaction commit at a time. A transaction takes whichever
chain is free, and only when it commits: it holds the end of the chain for the length of the commit itself.
"""

import hmac
import json
from collections.abc import Iterable
from datetime import UTC
from typing import Any

import structlog
from sqlalchemy import event
from sqlalchemy.orm import Session

from gateway.audit import repository
from gateway.audit.models import AuditEvent
from gateway.database import AUDIT_KEY

CHAINS = 16
_PENDING = "audit_pending"

log = structlog.get_logger()


class ChainsLostError(RuntimeError):
    """The ends of the chains are gone from the database; only migrations and `lobule audit seal` make them."""


def add(session: Session, added: AuditEvent) -> None:
    """Add an event to a session; it is linked when the session commits.

    Raises:
        RuntimeError: If the session's factory was made without the key of the chains.
    """
    if AUDIT_KEY not in session.info:
        raise RuntimeError(f"{added.action}: this session was made without an audit key.")
    session.add(added)
    session.info.setdefault(_PENDING, []).append(added)


def link_of(key: bytes, before: str, linked: AuditEvent) -> str:
    """The link of an event that has its place in a chain: 64 hexadecimal digits.

    Args:
        key: Key of the chains.
        before: The link before it; empty at the start of a chain.
        linked: The event; the link covers everything that the database stores of it, except its number.
    """
    return seal_of(
        key,
        [
            before,
            linked.chain,
            linked.position,
            linked.at.astimezone(UTC).isoformat(timespec="microseconds"),
            linked.actor_id,
            linked.actor_name,
            linked.action,
            linked.target_type,
            linked.target_id,
            linked.detail,
            linked.address,
            linked.request_id,
            linked.token_id,
            linked.reason,
        ],
    )


def seal_of(key: bytes, content: Any) -> str:
    """The HMAC of JSON, whatever the order of its members."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hmac.new(key, text.encode("ascii"), "sha256").hexdigest()


def append(session: Session, key: bytes, events: Iterable[AuditEvent]) -> None:
    """Link events to the end of a chain that is free.

    Raises:
        ChainsLostError: There is no end. A new beginning would hide what was done to the log.
    """
    end = repository.free_end(session)
    if end is None:
        log.error("audit_chains_lost", see="lobule audit verify")
        raise ChainsLostError
    for each in events:
        end.position += 1
        each.chain, each.position = end.id, end.position
        each.link = end.link = link_of(key, end.link, each)


@event.listens_for(Session, "before_commit")
def _link_pending(session: Session) -> None:
    if session.in_nested_transaction():
        return
    pending = [each for each in session.info.pop(_PENDING, []) if each in session]
    if not pending:
        return
    # All else is written first: whoever holds the end of a chain must not wait for another lock.
    new = [each for each in pending if each in session.new]
    for each in new:
        session.expunge(each)
    session.flush()
    append(session, session.info[AUDIT_KEY], pending)
    session.add_all(new)


@event.listens_for(Session, "after_rollback")
def _forget_pending(session: Session) -> None:
    if not session.in_nested_transaction():  # what was added before a savepoint is still to be linked
        session.info.pop(_PENDING, None)
