"""Queries on emergency accesses."""

from datetime import timedelta

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from gateway.clock import now
from gateway.emergency.models import EmergencyAccess
from gateway.users.models import User

DURATION = timedelta(hours=1)


def open_case(session: Session, case_id: str, owner_id: str, user: User, reason: str) -> EmergencyAccess:
    """Let a user see a case for an hour."""
    access = EmergencyAccess(
        case_id=case_id,
        user_id=user.id,
        owner_id=owner_id,
        opened_by=user.display_name,
        reason=reason,
        ends_at=now() + DURATION,
    )
    session.add(access)
    session.flush()
    return access


def forget(session: Session, case_id: str) -> None:
    """Delete the notices of a case."""
    session.execute(delete(EmergencyAccess).where(EmergencyAccess.case_id == case_id))


def opened_by(user: User) -> Select[str]:
    """Ids of the cases that a user may see in an emergency now, for other queries."""
    return select(EmergencyAccess.case_id).where(EmergencyAccess.user_id == user.id, EmergencyAccess.ends_at > now())
