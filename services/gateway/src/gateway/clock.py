"""Time as the database stores it: aware, in UTC."""

from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session


def now() -> datetime:
    """The present moment in UTC, by this machine's clock."""
    return datetime.now(UTC)


def shared_now(session: Session) -> datetime:
    """The present moment by PostgreSQL's clock, which all gateways share. With SQLite there is only one gateway.

    Leases and queues are timed by it, so that a gateway with a wrong clock does not take a step from a live worker.
    The transaction begins first: a writer may wait for SQLite's lock, and a lease must not run out while it does.
    """
    session.connection()
    if session.get_bind().dialect.name == "postgresql":
        return session.scalars(select(func.clock_timestamp())).one()
    return now()
