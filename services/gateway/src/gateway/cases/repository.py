"""Queries on cases."""

from collections.abc import Sequence
from typing import Literal

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from gateway.cases.models import Case
from gateway.images.models import Image
from gateway.jobs.models import Job
from gateway.paging import Order, page
from gateway.users.models import User
from lobule.contracts.case import CaseState
from lobule.contracts.result import Assessment

Sort = Literal["urgency", "newest", "oldest", "pseudonym"]
_ORDERS: dict[Sort, Order] = {
    "urgency": Order((Case.urgency, Case.created_at, Case.id)),
    "newest": Order((Case.created_at, Case.id)),
    "oldest": Order((Case.created_at, Case.id), descending=False),
    "pseudonym": Order((Case.pseudonym, Case.id), descending=False),
}


def _visible_to(user: User) -> Select[Case]:
    query = select(Case)
    return query if user.role == "admin" else query.where(Case.owner_id == user.id)


def visible(session: Session, user: User, case_id: str) -> Case | None:
    """A case that this user may see."""
    return session.scalar(_visible_to(user).where(Case.id == case_id))


def by_id(session: Session, case_id: str) -> Case:
    """A case that is there, whoever may see it."""
    return session.get_one(Case, case_id)


def worklist(
    session: Session,
    user: User,
    *,
    q: str | None = None,
    states: Sequence[CaseState] = (),
    assessments: Sequence[Assessment] = (),
    sort: Sort = "urgency",
    limit: int,
    cursor: str | None,
) -> tuple[Sequence[Case], str | None]:
    """A page of the cases that this user may see.

    Args:
        session: Where to ask.
        user: Who asks.
        q: Part of the pseudonym, in any case of letters.
        states: Only cases in one of these; all where empty.
        assessments: Only cases with one of these; all where empty.
        sort: The order.
        limit: Cases in a page.
        cursor: Where the last page of the same order ended.
    """
    query = _visible_to(user)
    if q:
        query = query.where(Case.pseudonym.icontains(q, autoescape=True))
    if states:
        query = query.where(Case.state.in_(states))
    if assessments:
        query = query.where(Case.assessment.in_(assessments))
    return page(session, query, _ORDERS[sort], limit, cursor)


def locked(session: Session, case_id: str) -> Case:
    """Lock the case row for this transaction, and read it anew.

    Not its key: on PostgreSQL each new image shares a lock on that, and two uploads would wait for one another.
    """
    query = select(Case).where(Case.id == case_id).with_for_update(key_share=True)
    return session.scalars(query.execution_options(populate_existing=True)).one()


def latest_jobs(session: Session, case_id: str) -> list[Job]:
    """The newest job of each image of a case, in the order in which the images were uploaded."""
    query = select(Job).join(Image, Image.id == Job.image_id).where(Image.case_id == case_id)
    newest = {job.image_id: job for job in session.scalars(query.order_by(Job.created_at, Job.id))}
    return sorted(newest.values(), key=lambda job: (job.image.created_at, job.image_id))


def without_summary(session: Session) -> Sequence[str]:
    """The ids of cases of a version that kept no summary of their images."""
    return session.scalars(select(Case.id).where(Case.evidence_digest.is_(None))).all()
