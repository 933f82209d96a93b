"""Queries on queues: waiting steps in their order, and the outbox."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, exists, func, not_, or_, select
from sqlalchemy.orm import Session, aliased

from gateway.clock import shared_now
from gateway.jobs import repository
from gateway.jobs.models import OutboxMessage, Step, Work
from gateway.jobs.queues.lanes import INTERACTIVE_IN_A_ROW, Lane, in_order, steps_ahead
from lobule.contracts.steps import StepName


def lanes(session: Session, queue: str) -> list[Lane]:
    """The waiting steps of a queue by user and class, the lane to be served next first."""
    waiting = (
        select(
            Step.owner_id,
            Step.interactive,
            func.count().label("waiting"),
            func.min(Step.queued_at, type_=Step.queued_at.type).label("oldest"),
        )
        .where(Step.queue == queue, *_is_due(session))
        .group_by(Step.owner_id, Step.interactive)
        .subquery()
    )
    started = aliased(Step)
    last_start = (
        select(func.max(started.started_at, type_=started.started_at.type))
        .where(
            started.queue == queue,
            started.interactive == waiting.c.interactive,
            started.owner_id == waiting.c.owner_id,
        )
        .scalar_subquery()
    )
    found = [Lane(*row) for row in session.execute(select(waiting, last_start))]
    return in_order(found, _recently_interactive(session, queue, found))


def _recently_interactive(session: Session, queue: str, waiting: Sequence[Lane]) -> Sequence[bool]:
    """Whether each of a queue's last starts was interactive, newest first; none where only one class waits."""
    if len({lane.interactive for lane in waiting}) < 2:
        return []
    starts = select(Step.interactive).where(Step.queue == queue, Step.started_at.is_not(None))
    return session.scalars(starts.order_by(Step.started_at.desc()).limit(INTERACTIVE_IN_A_ROW)).all()


def claim_next(
    session: Session, queue: str, worker: str, lease: timedelta, without: Sequence[StepName] = ()
) -> Step | None:
    """Give the next step of a queue to a worker, in the order of `gateway.jobs.queues.lanes`; None if none waits.

    Steps named in `without` stay in the queue: the worker does not support them.

    Steps that another transaction has locked are skipped at first, so that workers do not wait for each other. If no
    other step is left, the transaction waits for them: the other one may leave the step in the queue.
    """
    order = lanes(session, queue)
    for skip_locked in (True, False):
        for lane in order:
            step = session.scalar(
                select(Step)
                .where(_in_lane(queue, lane), *_is_due(session), Step.name.not_in(without))
                .order_by(Step.queued_at, Step.job_id)
                .limit(1)
                .with_for_update(skip_locked=skip_locked)
            )
            if step is not None:
                return repository.claim(session, step.job_id, step.name, worker, lease)
    return None


def _is_due(session: Session) -> tuple[ColumnElement[bool], ...]:
    """Steps that may be claimed now; one that failed for a cause outside of it waits for a while."""
    return Step.state == "queued", Step.queued_at <= shared_now(session)


def _in_lane(queue: str, lane: Lane) -> ColumnElement[bool]:
    return and_(
        Step.queue == queue,
        Step.state == "queued",
        Step.interactive == lane.interactive,
        Step.owner_id == lane.owner_id,
    )


def enqueue(session: Session, step: Step, after: timedelta = timedelta(0)) -> None:
    """Queue a step, and write its announcement to the outbox.

    Args:
        session: The transaction.
        step: The step.
        after: Time for which no worker gets the step; the reaper announces it afterwards.
    """
    at = shared_now(session)
    step.state, step.queued_at = "queued", at + after
    step.lease_expires_at, step.worker = None, None
    if after:
        step.announced_at = at
    else:
        announce(session, step, at)


def request_step(session: Session, step: Step) -> None:
    """Queue a step that somebody asks for: with a new budget of attempts, and until a new deadline."""
    step.tries = 0
    enqueue(session, step)
    step.asked_at = step.queued_at


def announce(session: Session, step: Step, at: datetime) -> None:
    """Write an announcement for a step's queue to the outbox, at this moment; the relay is woken after the commit."""
    step.announced_at = at
    session.add(OutboxMessage(job_id=step.job_id, step=step.name, queue=step.queue))
    session.info["outbox"] = True


def announcements_lost(session: Session, queue: str, before: datetime) -> Sequence[Step]:
    """Waiting steps without an announcement in the outbox: last announced before a moment, or due since then."""
    unsent = exists().where(OutboxMessage.job_id == Step.job_id, OutboxMessage.step == Step.name)
    unannounced = or_(Step.announced_at < before, Step.announced_at < Step.queued_at)
    return session.scalars(
        select(Step)
        .where(*_is_due(session), Step.queue == queue, unannounced, not_(unsent))
        .order_by(Step.queued_at)
        .limit(1000)
    ).all()


def waiting_messages(session: Session, limit: int = 100) -> Sequence[OutboxMessage]:
    """Announcements to send, oldest first. Two relays may take the same one; announcing twice is harmless."""
    return session.scalars(select(OutboxMessage).order_by(OutboxMessage.id).limit(limit)).all()


def delete_messages(session: Session, messages: Sequence[OutboxMessage]) -> None:
    """Delete announcements that were sent from the outbox."""
    session.execute(delete(OutboxMessage).where(OutboxMessage.id.in_([made.id for made in messages])))


def ahead_of(session: Session, step: Step) -> int:
    """How many steps are going to start before a waiting one, at this moment."""
    order = lanes(session, step.queue)
    own = next((lane for lane in order if (lane.owner_id, lane.interactive) == (step.owner_id, step.interactive)), None)
    if own is None:
        return 0
    before = select(func.count()).select_from(Step).where(_in_lane(step.queue, own), Step.queued_at < step.queued_at)
    return steps_ahead(order, _recently_interactive(session, step.queue, order), own, session.scalar(before) or 0)


def recent_durations(session: Session, queue: str, limit: int = 50) -> list[float]:
    """Seconds that the last finished steps of a queue took."""
    rows = session.execute(
        select(Step.started_at, Step.finished_at)
        .where(Step.queue == queue, Step.state == "done")
        .order_by(Step.finished_at.desc())
        .limit(limit)
    )
    return [(finished - started).total_seconds() for started, finished in rows if started and finished]


def lock_quota(session: Session, user_id: str) -> None:
    """Have a user's other requests for analyses wait until the transaction ends, so that each counts all before it.

    With SQLite, transactions that write wait for each other anyway. With PostgreSQL, this is the last lock that a
    request waits for: a lock on the user's row would make it wait for other changes of the user as well.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(user_id, 0))))


def analyses_waiting(
    session: Session, *, owner_id: str | None = None, token_id: str | None = None
) -> tuple[int, datetime | None]:
    """How many analyses and opinions of a user, or of an API token, wait for a worker; since when the oldest does."""
    query = select(func.count(), func.min(Step.queued_at, type_=Step.queued_at.type)).where(
        Step.state == "queued", Step.name.in_(("inference", "region"))
    )
    if owner_id is not None:
        query = query.where(Step.owner_id == owner_id)
    if token_id is not None:
        query = query.join(Work, Work.id == Step.job_id).where(Work.token_id == token_id)
    count, oldest = session.execute(query).one()
    return count, oldest
