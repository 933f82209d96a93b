"""Queries on emergency accesses."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from gateway.clock import now
from gateway.emergency.models import EmergencyAccess
from gateway.users.models import User

LASTS = timedelta(hours=1)


def open_case(session: Session, case_id: str, owner_id: str, user: User, reason: str) -> EmergencyAccess:
    """Let a user see a case for an hour."""
    access = EmergencyAccess(
        case_id=case_id,
        user_id=user.id,
        owner_id=owner_id,
        opened_by=user.display_name,
        reason=reason,
        ends_at=now() + LASTS,
    )
    session.add(access)
    session.flush()
    return access


def opened_by(user: User) -> Select[str]:
    """Ids of the cases that a user may see in an emergency now, for other queries."""
    return select(EmergencyAccess.case_id).where(EmergencyAccess.user_id == user.id, EmergencyAccess.ends_at > now())


def accesses(session: Session, owner_id: str | None, limit: int) -> Sequence[EmergencyAccess]:
    """Emergency accesses to the cases of an owner, or to all cases, newest first."""
    query = select(EmergencyAccess).order_by(EmergencyAccess.opened_at.desc(), EmergencyAccess.id)
    if owner_id is not None:
        query = query.where(EmergencyAccess.owner_id == owner_id)
    return session.scalars(query.limit(limit)).all()


def unseen(session: Session, owner: User) -> Sequence[EmergencyAccess]:
    """Emergency accesses that an owner has not yet noted, oldest first."""
    query = select(EmergencyAccess).where(EmergencyAccess.owner_id == owner.id, EmergencyAccess.seen_at.is_(None))
    return session.scalars(query.order_by(EmergencyAccess.opened_at).limit(20)).all()


def of_owner(session: Session, owner: User, access_id: str) -> EmergencyAccess | None:
    """An emergency access to a case of this owner's."""
    found = session.get(EmergencyAccess, access_id)
    return found if found is not None and found.owner_id == owner.id else None
