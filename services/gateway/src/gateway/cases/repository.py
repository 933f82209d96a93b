"""Queries on cases."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from sqlalchemy import ColumnElement, Select, and_, exists, func, insert, literal, not_, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from gateway.cases.models import Case, CaseVisit, Rule, SavedView
from gateway.cases.repositories.reads import is_read_by
from gateway.clock import now
from gateway.errors import not_found
from gateway.groups.models import SharedCase
from gateway.groups.repository import cases_of, shared_with
from gateway.images.models import Image
from gateway.jobs.models import Job
from gateway.paging import Order, page
from gateway.users.models import User
from lobule.contracts.case import CaseState
from lobule.contracts.result import Assessment

Sort = Literal["urgency", "newest", "oldest", "pseudonym", "study_date", "modality", "images", "state", "reader"]
Reader = Literal["me", "none", "open"]
LAPSES_AFTER = timedelta(hours=8)
"""How long a claim holds: a working day, so that a case which somebody forgot is free again on the next."""
TO_READ: tuple[CaseState, ...] = ("ready", "failed", "second_read", "arbitration")
"""States of a case that waits for a reader."""
_ORDERS: dict[Sort, Order] = {
    "urgency": Order((Case.urgency, Case.created_at, Case.id)),
    "newest": Order((Case.created_at, Case.id)),
    "oldest": Order((Case.created_at, Case.id), descending=False),
    "pseudonym": Order((Case.pseudonym, Case.id), descending=False),
    "study_date": Order((Case.studied, Case.id)),
    "modality": Order((Case.modalities, Case.id), descending=False),
    "images": Order((Case.images_total, Case.id)),
    "reader": Order((Case.reader, Case.id), descending=False),
    "state": Order((Case.progress, Case.created_at, Case.id), descending=False),
}


def _visible_to(user: User) -> Select[Case]:
    query = select(Case)
    return query.where(or_(Case.owner_id == user.id, Case.id.in_(shared_with(user))))


def visible(session: Session, user: User, case_id: str) -> Case | None:
    """A case that this user may see."""
    return session.scalar(_visible_to(user).where(Case.id == case_id))


def visible_ids(user: User) -> Select[str]:
    """The ids of the cases that this user may see."""
    return _visible_to(user).with_only_columns(Case.id)


def of_pseudonym(session: Session, user: User, pseudonym: str, limit: int) -> Sequence[Case]:
    """The cases of exactly this pseudonym that this user may see, newest first."""
    query = _visible_to(user).where(Case.pseudonym == pseudonym)
    return session.scalars(query.order_by(Case.created_at.desc(), Case.id.desc()).limit(limit)).all()


def by_id_or_none(session: Session, case_id: str) -> Case | None:
    """A case, regardless of who may see it; None if there is none."""
    return session.get(Case, case_id)


def by_id(session: Session, case_id: str) -> Case:
    """A case, regardless of who may see it."""
    return session.get_one(Case, case_id)


def sample_of(session: Session, user_id: str) -> Case | None:
    """The sample case of a user."""
    return session.scalars(select(Case).where(Case.owner_id == user_id, Case.sample).limit(1)).first()


@dataclass(frozen=True)
class CaseFilter:
    """A filter of cases; empty values match all.

    Attributes:
        q: Part of the pseudonym, in any case of letters.
        states: Any of these.
        assessments: Any of these.
        modality: Name of a modality of which the case has an image.
        reader: `me`: the user is its reader; `none`: it has none; `open`: it waits for a reader, which the user can be.
        group: Id of a group that it is shared with.
        unread: Only cases that have changed since the user saw them.
    """

    q: str = ""
    states: Sequence[CaseState] = ()
    assessments: Sequence[Assessment] = ()
    modality: str = ""
    reader: Reader | None = None
    group: str = ""
    unread: bool = False

    def select(self, user: User) -> Select[Case]:
        """The cases among those that this user may see, without order."""
        query = _visible_to(user)
        if self.q:
            query = query.where(Case.pseudonym.icontains(self.q, autoescape=True))
        if self.states:
            query = query.where(Case.state.in_(self.states))
        if self.assessments:
            query = query.where(Case.assessment.in_(self.assessments))
        if self.modality:
            query = query.where((" " + Case.modalities + " ").contains(f" {self.modality} ", autoescape=True))
        if self.reader == "open":
            query = query.where(_waits_for(user))
        elif self.reader is not None:
            query = query.where(Case.reader_id == (user.id if self.reader == "me" else None))
        if self.group:
            query = query.where(Case.id.in_(cases_of(self.group)))
        if self.unread:
            query = query.where(not_(_seen_by(user)))
        return query


def _waits_for(user: User) -> ColumnElement[bool]:
    """Whether a case waits for a reader, and this user may be the one."""
    lapsed = Case.reading_since < now() - LAPSES_AFTER
    gone = Case.reader_id.in_(select(User.id).where(User.active.is_(False)))
    free = or_(Case.reader_id.is_(None), Case.reader_id == user.id, lapsed, gone)
    return and_(Case.state.in_(TO_READ), free, not_(is_read_by(user)))


def _seen_by(user: User) -> ColumnElement[bool]:
    """Whether a user has seen a case since its last change."""
    return exists().where(
        and_(CaseVisit.case_id == Case.id, CaseVisit.user_id == user.id, CaseVisit.seen_at >= Case.updated_at)
    )


def unread(session: Session, user: User, cases: Sequence[Case]) -> set[str]:
    """Ids of those cases that have changed since this user saw them."""
    query = select(Case.id).where(Case.id.in_([case.id for case in cases]), not_(_seen_by(user)))
    return set(session.scalars(query))


def note_visit(session: Session, case: Case, user_id: str) -> None:
    """Note that a user has seen a case as this transaction has read it; two tabs may do so at once."""
    insert_or_update = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    visit = insert_or_update(CaseVisit).values(case_id=case.id, user_id=user_id, seen_at=case.updated_at)
    known = [CaseVisit.case_id, CaseVisit.user_id]
    session.execute(visit.on_conflict_do_update(index_elements=known, set_={"seen_at": visit.excluded.seen_at}))


def share_unshared(session: Session, owner_id: str, group_id: str) -> None:
    """Share the owner's cases that are in no group with this one."""
    own = select(Case.id, literal(group_id)).where(
        Case.owner_id == owner_id, Case.id.not_in(select(SharedCase.case_id))
    )
    session.execute(insert(SharedCase).from_select(["case_id", "group_id"], own))


def set_rule(session: Session, rule: Rule | None) -> int:
    """Have all cases be read as the setting asks; returns how many change.

    One that a reader has signed is read to its end as it was begun.
    """
    asked = Case.double_reading.is_distinct_from(rule)
    untouched = and_(Case.reads == 0, Case.sample.is_(False))
    changed = session.execute(update(Case).where(asked, untouched).values(double_reading=rule))
    return changed.rowcount  # pyright: ignore[reportAttributeAccessIssue] - a DML result


def worklist(
    session: Session,
    user: User,
    wanted: CaseFilter = CaseFilter(),
    *,
    sort: Sort = "urgency",
    reverse: bool = False,
    limit: int,
    cursor: str | None,
) -> tuple[Sequence[Case], str | None]:
    """A page of the cases that this user may see.

    Args:
        session: The transaction.
        user: The user who asks.
        wanted: Filter of the cases.
        sort: Column that determines the order.
        reverse: Whether the order is reversed.
        limit: Number of cases in a page.
        cursor: End of the previous page.
    """
    order = _ORDERS[sort]
    return page(session, wanted.select(user), replace(order, descending=order.descending != reverse), limit, cursor)


def counts(session: Session, user: User, wanted: CaseFilter, *, every_state: bool = True) -> dict[CaseState, int]:
    """How many cases of each state there are; states without a case are left out.

    Args:
        session: The transaction.
        user: The user who asks.
        wanted: Filter of the cases that the user may see.
        every_state: Whether to ignore the states in the filter.
    """
    query = (
        (replace(wanted, states=()) if every_state else wanted)
        .select(user)
        .with_only_columns(Case.state, func.count())
        .group_by(Case.state)
    )
    return {state: count for state, count in session.execute(query)}


def locked(session: Session, case_id: str) -> Case:
    """Lock the case row for this transaction, and read it again.

    The lock leaves out the key: on PostgreSQL each new image shares a lock on it, and two uploads would wait for each
    other.

    Raises:
        ProblemError: `not_found`, 404, if it was deleted meanwhile.
    """
    query = select(Case).where(Case.id == case_id).with_for_update(key_share=True)
    case = session.scalar(query.execution_options(populate_existing=True))
    if case is None:
        raise not_found("case")
    return case


def latest_jobs(session: Session, case_id: str) -> list[Job]:
    """The newest job of each image of a case, in the order of upload, without films that are kept apart."""
    query = select(Job).join(Image, Image.id == Job.image_id).where(Image.case_id == case_id, Image.apart.is_(False))
    newest = {job.image_id: job for job in session.scalars(query.order_by(Job.created_at, Job.id))}
    return sorted(newest.values(), key=lambda job: (job.image.created_at, job.image_id))


def former_jobs(session: Session, newest: Sequence[Job]) -> dict[str, Job]:
    """The last assessed job of each image whose newest one is not assessed, by the id of that one.

    What was found when the file was taken for an image of another modality is left out.
    """
    waiting = {job.image_id: job for job in newest if job.assessment is None}
    if not waiting:
        return {}
    query = select(Job).where(Job.image_id.in_(waiting), Job.assessment.is_not(None)).order_by(Job.created_at, Job.id)
    return {
        waiting[job.image_id].id: job
        for job in session.scalars(query)
        if job.step("inference").queue == job.image.spec.queue
    }


def without_summary(session: Session, *, by_former_rule: bool = False) -> Sequence[str]:
    """The ids of cases of a version that kept no summary of their images.

    Args:
        session: The transaction.
        by_former_rule: Also unsigned cases that have one, of a version that concluded by another rule.
    """
    lacking = Case.evidence_digest.is_(None)
    outdated = and_(Case.images_total > 0, Case.state != "signed")
    return session.scalars(select(Case.id).where(or_(lacking, outdated) if by_former_rule else lacking)).all()


def views_of(session: Session, user_id: str) -> Sequence[SavedView]:
    """The views that a user keeps, by name."""
    return session.scalars(select(SavedView).where(SavedView.user_id == user_id).order_by(SavedView.name)).all()


def delete_view(session: Session, view: SavedView) -> None:
    """Delete a view."""
    session.delete(view)


def delete_row(session: Session, case: Case) -> None:
    """Delete a case's row. The rows that refer to it must be deleted first."""
    session.delete(case)
