"""Queries of DICOMweb."""

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from gateway.cases.models import Case
from gateway.images.models import Image
from gateway.users.models import User


def lock_user(session: Session, user_id: str) -> None:
    """Have the user's other requests wait: two films of a new study at once must not open two cases."""
    session.scalars(select(User.id).where(User.id == user_id).with_for_update(key_share=True)).one()


def case_of(session: Session, user_id: str, pseudonym: str, study_mark: str) -> str | None:
    """The user's case of a study, or the one that was opened for its first film; the oldest where there are several.

    Args:
        session: Where to ask.
        user_id: Whose case.
        pseudonym: Of the case; other studies may have the same.
        study_mark: The study's keyed fingerprint.
    """
    films = select(Image.id).where(Image.case_id == Case.id)
    of_study = films.where(Image.__table__.c.study_mark == study_mark)
    query = select(Case.id).where(Case.owner_id == user_id, Case.pseudonym == pseudonym)
    query = query.where(or_(of_study.exists(), ~films.exists()))
    return session.scalar(query.order_by(Case.created_at).limit(1))
