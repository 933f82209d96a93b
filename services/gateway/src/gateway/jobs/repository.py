"""Queries on jobs and steps. The states change here, each in one statement that checks the state it starts from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Select, and_, delete, func, not_, or_, select, update
from sqlalchemy.orm import Session, lazyload

from gateway.clock import shared_now
from gateway.errors import not_found
from gateway.groups.repository import shared_with
from gateway.images.models import Image
from gateway.jobs.models import Examination, Job, Opinion, Step, Work
from gateway.paging import Order, count, created_between, page
from gateway.users.models import User
from lobule import layout
from lobule.contracts.progress import FINAL_STATES, JobState
from lobule.contracts.result import Modality
from lobule.contracts.steps import StepName

AnyWork = TypeVar("AnyWork", bound=Work)


def _visible_to(user: User) -> Select[Job]:
    query = select(Job)
    shared = select(Image.id).where(Image.case_id.in_(shared_with(user)))
    return query.where(or_(Job.owner_id == user.id, Job.image_id.in_(shared)))


def visible(session: Session, user: User, job_id: str) -> Job | None:
    """A job that this user may see."""
    return session.scalar(_visible_to(user).where(Job.id == job_id))


@dataclass(frozen=True)
class JobFilter:
    """Which jobs are listed; None or nothing does not restrict.

    Attributes:
        states: Only those in one of these states.
        modality: Only those of images of this modality.
        image_id: Only those of this image.
        case_id: Only those of images of this case.
        without_case: Only those of images that are in no case.
        since: Only those created at this time or later.
        until: Only those created before this time.
    """

    states: Sequence[JobState] = ()
    modality: Modality | None = None
    image_id: str | None = None
    case_id: str | None = None
    without_case: bool = False
    since: datetime | None = None
    until: datetime | None = None


def _filtered(user: User, wanted: JobFilter) -> Select[Job]:
    query = _visible_to(user).join(Image, Image.id == Job.image_id)
    if wanted.states:
        query = query.where(Job.state.in_(wanted.states))
    if wanted.without_case:
        query = query.where(Image.case_id.is_(None))
    for column, value in (
        (Image.modality, wanted.modality),
        (Job.image_id, wanted.image_id),
        (Image.case_id, wanted.case_id),
    ):
        query = query if value is None else query.where(column == value)
    return created_between(query, Job.created_at, wanted.since, wanted.until)


def listed(
    session: Session, user: User, wanted: JobFilter, limit: int, cursor: str | None, *, oldest_first: bool = False
) -> tuple[Sequence[Job], str | None]:
    """A page of the jobs that this user may see, and the cursor of the next."""
    order = Order((Job.created_at, Job.id), descending=not oldest_first)
    return page(session, _filtered(user, wanted), order, limit, cursor)


def number(session: Session, user: User, wanted: JobFilter) -> int:
    """The number of jobs on all pages of `listed`."""
    return count(session, _filtered(user, wanted))


def latest_of_image(session: Session, image_id: str) -> Job:
    """The newest job of an image, which is never without one."""
    return session.scalars(select(Job).where(Job.image_id == image_id).order_by(Job.created_at.desc()).limit(1)).one()


def by_id(session: Session, job_id: str) -> Job | None:
    """An analysis, regardless of who may see it."""
    return session.get(Job, job_id)


def work_by_id(session: Session, work_id: str) -> Work | None:
    """Work of any kind, regardless of who may see it."""
    return session.get(Work, work_id)


def has_ended(session: Session, work_id: str) -> bool:
    """Whether nothing more will happen to a work, or it was deleted."""
    return session.scalar(select(Work.state).where(Work.id == work_id)) in (None, *FINAL_STATES)


def of_image(session: Session, image_id: str) -> Sequence[Job]:
    """List all analyses of an image, newest first."""
    return session.scalars(select(Job).where(Job.image_id == image_id).order_by(Job.created_at.desc(), Job.id)).all()


def ids_of_image(session: Session, image_id: str) -> list[str]:
    """The ids of every analysis of an image."""
    return list(session.scalars(select(Job.id).where(Job.image_id == image_id)))


def number_of_image(session: Session, image_id: str) -> int:
    """How many analyses an image has."""
    return session.scalar(select(func.count()).select_from(Job).where(Job.image_id == image_id)) or 0


def lock(session: Session, job_id: str) -> None:
    """Lock an analysis against its deletion until the transaction ends.

    Raises:
        ProblemError: `not_found`, 404, if it was deleted.
    """
    if session.scalar(select(Job.id).where(Job.id == job_id).with_for_update(key_share=True)) is None:
        raise not_found("job")


def lock_steps_of_image(session: Session, image_id: str) -> None:
    """Lock the steps of an image's analyses against other transactions, then read both again."""
    steps = select(Step).join(Job, Job.id == Step.job_id).where(Job.image_id == image_id)
    session.scalars(steps.order_by(Step.job_id, Step.name).with_for_update(of=Step)).all()
    analyses = (
        select(Job).where(Job.image_id == image_id).options(lazyload(Job.image))
    )  # the image stays as it was seen
    session.scalars(analyses.execution_options(populate_existing=True)).all()


def delete_works(session: Session, ids: list[str]) -> list[str]:
    """Delete work of any kind with its steps; returns the prefixes of their objects."""
    session.execute(delete(Step).where(Step.job_id.in_(ids)))
    session.execute(delete(Work).where(Work.id.in_(ids)))
    return [layout.work_folder(each) for each in ids]


def delete_keyed(session: Session, keys: list[str]) -> list[str]:
    """Delete renderings, examinations and opinions, by how their keys begin; returns the prefixes of their objects."""
    if not keys:
        return []
    begins = or_(*(Work.key.startswith(key, autoescape=True) for key in keys))
    return delete_works(session, list(session.scalars(select(Work.id).where(begins))))


def examination(session: Session, key: str) -> Examination | None:
    """The reading of an examination, by its key."""
    return session.scalar(select(Examination).where(Examination.key == key))


def opinions_of_image(image_id: str) -> str:
    """How the keys of the opinions of an image's regions begin; the id of the region follows."""
    return f"image:{image_id}:region:"


def opinion(session: Session, key: str) -> Opinion | None:
    """The opinion of a region, by its key."""
    return session.scalar(select(Opinion).where(Opinion.key == key))


def for_update(session: Session, work: AnyWork | None) -> AnyWork | None:
    """Lock a work's step, then read both again, in the order in which a worker's claim locks them."""
    if work is not None:
        locked = select(Step).where(Step.job_id == work.id).with_for_update()
        session.scalars(locked.execution_options(populate_existing=True)).all()
        session.refresh(work, ["state", "request"])
    return work


def claim(session: Session, job_id: str, name: StepName, worker: str, lease: timedelta) -> Step | None:
    """Give a queued step to a worker; None if it is not queued."""
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
    """Renew the lease of a running attempt; False if it is not the current one."""
    changed = session.execute(
        update(Step).where(*_current(job_id, name, attempt)).values(lease_expires_at=shared_now(session) + lease)
    )
    return bool(changed.rowcount)  # pyright: ignore[reportAttributeAccessIssue] - a DML result


def end(session: Session, job_id: str, name: StepName, attempt: int, state: str) -> Step | None:
    """End a running attempt; None if it is not the current one (the fence)."""
    changed = session.execute(
        update(Step)
        .where(*_current(job_id, name, attempt))
        .values(state=state, finished_at=shared_now(session), lease_expires_at=None)
    )
    return session.get(Step, (job_id, name), populate_existing=True) if changed.rowcount else None  # pyright: ignore


def _current(job_id: str, name: StepName, attempt: int):
    return (Step.job_id == job_id, Step.name == name, Step.attempt == attempt, Step.state == "running")


def overdue(session: Session, interactive: timedelta, others: timedelta, most: int = 200) -> Sequence[Step]:
    """Steps that wait or run although their job's deadline is over.

    Args:
        session: The transaction.
        interactive: How long after it was asked for a job has to end that a person waits for at the portal.
        others: The same for all other jobs.
        most: How many are asked for.
    """
    at = shared_now(session)
    over = or_(
        and_(Step.interactive, Step.asked_at < at - interactive),
        and_(not_(Step.interactive), Step.asked_at < at - others),
    )
    query = select(Step).where(Step.state.in_(("queued", "running")), over)
    return session.scalars(query.with_for_update(skip_locked=True).limit(most)).all()


def abandoned(session: Session, most: int = 200) -> Sequence[Step]:
    """Running steps whose lease has expired."""
    return session.scalars(
        select(Step)
        .where(Step.state == "running", Step.lease_expires_at < shared_now(session))
        .with_for_update(skip_locked=True)
        .limit(most)
    ).all()
