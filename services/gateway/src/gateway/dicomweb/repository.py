"""Queries of DICOMweb."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.cases.models import Case
from gateway.users.models import User


def lock_user(session: Session, user_id: str) -> None:
    """Have the user's other requests wait: two films of a new study at once must not open two cases."""
    session.scalars(select(User.id).where(User.id == user_id).with_for_update(key_share=True)).one()


def case_of(session: Session, user_id: str, pseudonym: str) -> str | None:
    """The user's case of exactly this pseudonym, the oldest where there are several."""
    query = select(Case.id).where(Case.owner_id == user_id, Case.pseudonym == pseudonym)
    return session.scalar(query.order_by(Case.created_at).limit(1))
