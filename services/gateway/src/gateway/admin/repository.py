"""Queries on all work, whatever its kind."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.jobs.models import Step, Work
from gateway.paging import Order, page
from gateway.users.models import User
from lobule.contracts.progress import JobState


def queues(session: Session) -> dict[str, tuple[int, int, datetime | None]]:
    """Waiting and running steps of each queue, and since when the oldest waits."""
    found: dict[str, tuple[int, int, datetime | None]] = {}
    query = select(Step.queue, Step.state, func.count(), func.min(Step.queued_at)).group_by(Step.queue, Step.state)
    for queue, state, count, oldest in session.execute(query.where(Step.state.in_(("queued", "running")))):
        waiting, running, since = found.get(queue, (0, 0, None))
        found[queue] = (count, running, oldest) if state == "queued" else (waiting, count, since)
    return found


def work(
    session: Session, states: Sequence[JobState], limit: int, cursor: str | None
) -> tuple[Sequence[Work], str | None]:
    """A page of the work in one of these states, newest first."""
    query = select(Work)
    if states:
        query = query.where(Work.state.in_(states))
    return page(session, query, Order((Work.created_at, Work.id)), limit, cursor)


def counts(session: Session) -> dict[JobState, int]:
    """How much work is in each state; states without any are left out."""
    rows = session.execute(select(Work.state, func.count()).group_by(Work.state))
    return {state: count for state, count in rows}


def by_id(session: Session, work_id: str) -> Work | None:
    """A piece of work."""
    return session.get(Work, work_id)


def parked(session: Session) -> Sequence[Work]:
    """Work in the state `dead`, whose workers were lost repeatedly, oldest first."""
    return session.scalars(select(Work).where(Work.state == "dead").order_by(Work.created_at)).all()


def names(session: Session, user_ids: set[str]) -> dict[str, str]:
    """User names by id."""
    rows = session.execute(select(User.id, User.username).where(User.id.in_(user_ids)))
    return {user_id: username for user_id, username in rows}
