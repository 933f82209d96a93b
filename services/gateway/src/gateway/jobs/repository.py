"""Queries on jobs and steps. The states change here, each in one statement that checks the state it starts from."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.orm import Session

from gateway.clock import shared_now
from gateway.jobs.models import Job, Ring, Step
from gateway.paging import Order, page
from gateway.users.models import User
from lobule.contracts.steps import StepName


def _visible_to(user: User) -> Select[Job]:
    query = select(Job)
    return query if user.role == "admin" else query.where(Job.owner_id == user.id)


def visible(session: Session, user: User, job_id: str) -> Job | None:
    """A job that this user may see."""
    return session.scalar(_visible_to(user).where(Job.id == job_id))


def newest(session: Session, user: User, limit: int, cursor: str | None) -> tuple[Sequence[Job], str | None]:
    """A page of the jobs that this user may see."""
    return page(session, _visible_to(user), Order((Job.created_at, Job.id)), limit, cursor)


def latest_of_image(session: Session, image_id: str) -> Job | None:
    """The newest job of an image."""
    return session.scalar(select(Job).where(Job.image_id == image_id).order_by(Job.created_at.desc()).limit(1))


def claim(session: Session, job_id: str, name: StepName, worker: str, lease: timedelta) -> Step | None:
    """Give a queued step to a worker; None where it is not queued."""
    at = shared_now(session)
    changed = session.execute(
        update(Step)
        .where(Step.job_id == job_id, Step.name == name, Step.state == "queued")
        .values(
            state="running",
            attempt=Step.attempt + 1,
            tries=Step.tries + 1,
            worker=worker,
            started_at=at,
            finished_at=None,
            lease_expires_at=at + lease,
        )
    )
    return session.get(Step, (job_id, name), populate_existing=True) if changed.rowcount else None  # pyright: ignore


def renew(session: Session, job_id: str, name: StepName, attempt: int, lease: timedelta) -> bool:
    """Make a running attempt's lease last longer; False where it is not the current one."""
    changed = session.execute(
        update(Step).where(*_current(job_id, name, attempt)).values(lease_expires_at=shared_now(session) + lease)
    )
    return bool(changed.rowcount)  # pyright: ignore[reportAttributeAccessIssue] - a DML result


def end(session: Session, job_id: str, name: StepName, attempt: int, state: str) -> Step | None:
    """End a running attempt; None where it is not the current one (the fence)."""
    changed = session.execute(
        update(Step)
        .where(*_current(job_id, name, attempt))
        .values(state=state, finished_at=shared_now(session), lease_expires_at=None)
    )
    return session.get(Step, (job_id, name), populate_existing=True) if changed.rowcount else None  # pyright: ignore


def _current(job_id: str, name: StepName, attempt: int):
    return (Step.job_id == job_id, Step.name == name, Step.attempt == attempt, Step.state == "running")


def enqueue(session: Session, step: Step) -> None:
    """Let a step wait for a worker, and write the call for it to the outbox."""
    step.state, step.queued_at, step.rung_at = "queued", shared_now(session), None
    step.lease_expires_at, step.worker = None, None
    ring(session, step)


def ring(session: Session, step: Step) -> None:
    """Write a call for a step's queue to the outbox; the relay is woken when the transaction is through."""
    session.add(Ring(job_id=step.job_id, step=step.name, queue=step.queue))
    session.info["rings"] = True


def abandoned(session: Session) -> Sequence[Step]:
    """Running steps whose lease is over."""
    return session.scalars(
        select(Step)
        .where(Step.state == "running", Step.lease_expires_at < shared_now(session))
        .with_for_update(skip_locked=True)
        .limit(200)
    ).all()


def unheard(session: Session, queue: str, before: datetime) -> Sequence[Step]:
    """Steps that wait in a queue and were last called before a moment."""
    return session.scalars(
        select(Step)
        .where(Step.state == "queued", Step.queue == queue, Step.rung_at < before)
        .order_by(Step.queued_at)
        .limit(1000)
    ).all()


def outbox(session: Session, limit: int = 100) -> Sequence[Ring]:
    """Calls to be made, oldest first. Two relays may take the same: a call that is made twice is harmless."""
    return session.scalars(select(Ring).order_by(Ring.id).limit(limit)).all()


def note_rung(session: Session, rings: Sequence[Ring]) -> None:
    """Calls were made: they leave the outbox, and their steps know when."""
    at = shared_now(session)
    for made in rings:
        session.execute(update(Step).where(Step.job_id == made.job_id, Step.name == made.step).values(rung_at=at))
    session.execute(delete(Ring).where(Ring.id.in_([made.id for made in rings])))


def ahead_of(session: Session, step: Step) -> int:
    """How many steps wait in the same queue before this one."""
    query = select(func.count()).select_from(Step).where(Step.queue == step.queue, Step.state == "queued")
    return session.scalar(query.where(Step.queued_at < step.queued_at)) or 0


def recent_durations(session: Session, queue: str, limit: int = 50) -> list[float]:
    """Seconds that the last finished steps of a queue took."""
    rows = session.execute(
        select(Step.started_at, Step.finished_at)
        .where(Step.queue == queue, Step.state == "done")
        .order_by(Step.finished_at.desc())
        .limit(limit)
    )
    return [(finished - started).total_seconds() for started, finished in rows if started and finished]
