"""Queries on emergency accesses to cases, by the users who are informed of them."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from gateway.cases.models import Case
from gateway.emergency.models import EmergencyAccess, EmergencyWitness
from gateway.groups.models import GroupMember, SharedCase
from gateway.users.models import User


def accesses(session: Session, user: User | None, limit: int) -> Sequence[EmergencyAccess]:
    """Emergency accesses that a user is informed of, or all, newest first."""
    query = select(EmergencyAccess).order_by(EmergencyAccess.opened_at.desc(), EmergencyAccess.id)
    if user is not None:
        query = query.where(_is_informed(user))
    return session.scalars(query.limit(limit)).all()


def unseen(session: Session, user: User) -> Sequence[EmergencyAccess]:
    """Emergency accesses that a user is informed of and that have not been acknowledged, oldest first."""
    query = select(EmergencyAccess).where(_is_informed(user), EmergencyAccess.seen_at.is_(None))
    return session.scalars(query.order_by(EmergencyAccess.opened_at).limit(20)).all()


def visible_access(session: Session, user: User, access_id: str) -> EmergencyAccess | None:
    """An emergency access that a user is informed of."""
    return session.scalar(select(EmergencyAccess).where(EmergencyAccess.id == access_id, _is_informed(user)))


def around(session: Session, case: Case) -> set[str]:
    """Ids of those who are informed if the owner of a case is absent: the members of its group and its reader."""
    members = select(GroupMember.user_id).join(SharedCase, SharedCase.group_id == GroupMember.group_id)
    found = set(session.scalars(members.where(SharedCase.case_id == case.id)))
    return found | ({case.reader_id} if case.reader_id else set())


def _is_informed(user: User) -> ColumnElement[bool]:
    """Owners are informed; if the owner is a program or inactive, those who were around when the case was opened."""
    absent = select(User.id).where(or_(User.role == "service", User.active.is_(False)))
    nearby = select(EmergencyWitness.access_id).where(EmergencyWitness.user_id == user.id)
    others = and_(EmergencyAccess.owner_id.in_(absent), EmergencyAccess.id.in_(nearby))
    return or_(EmergencyAccess.owner_id == user.id, others)
