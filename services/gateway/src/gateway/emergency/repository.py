"""Queries on emergency accesses."""

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from gateway.clock import now
from gateway.emergency.models import EmergencyAccess, EmergencyWitness
from gateway.users.models import User

DURATION = timedelta(hours=1)


def open_case(
    session: Session, case_id: str, owner_id: str, user: User, reason: str, others: Iterable[str]
) -> EmergencyAccess:
    """Let a user see a case for an hour.

    Args:
        session: The transaction.
        case_id: Id of the case.
        owner_id: Id of the owner, who is told.
        user: The user who opens the case.
        reason: The user's reason.
        others: Ids of the users who are told if the owner is away.
    """
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
    session.add_all(EmergencyWitness(access_id=access.id, user_id=each) for each in others if each != user.id)
    return access


def forget(session: Session, case_id: str) -> None:
    """Delete the notices of a case."""
    session.execute(delete(EmergencyAccess).where(EmergencyAccess.case_id == case_id))


def opened_by(user: User) -> Select[str]:
    """Ids of the cases that a user may see in an emergency now, for other queries."""
    return select(EmergencyAccess.case_id).where(EmergencyAccess.user_id == user.id, EmergencyAccess.ends_at > now())
