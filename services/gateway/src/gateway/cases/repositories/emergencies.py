"""Queries on emergency accesses to cases, by the users who are informed of them."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from gateway.cases.models import Case
from gateway.emergency.models import EmergencyAccess
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


def _is_informed(user: User) -> ColumnElement[bool]:
    """Owners are informed; if the owner is a program or inactive, the case's group and its reader are."""
    absent = select(User.id).where(or_(User.role == "service", User.active.is_(False)))
    members = select(SharedCase.case_id).join(GroupMember, GroupMember.group_id == SharedCase.group_id)
    read = select(Case.id).where(Case.reader_id == user.id)
    nearby = or_(
        EmergencyAccess.case_id.in_(members.where(GroupMember.user_id == user.id)),
        EmergencyAccess.case_id.in_(read),
    )
    others = and_(EmergencyAccess.owner_id.in_(absent), EmergencyAccess.user_id.is_distinct_from(user.id), nearby)
    return or_(EmergencyAccess.owner_id == user.id, others)
