"""Queries on cases."""

from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from gateway.cases.models import Case
from gateway.paging import page
from gateway.users.models import User


def _visible_to(user: User) -> Select[Case]:
    query = select(Case)
    return query if user.role == "admin" else query.where(Case.owner_id == user.id)


def visible(session: Session, user: User, case_id: str) -> Case | None:
    """A case that this user may see."""
    return session.scalar(_visible_to(user).where(Case.id == case_id))


def newest(session: Session, user: User, limit: int, cursor: str | None) -> tuple[Sequence[Case], str | None]:
    """A page of the cases that this user may see."""
    return page(session, _visible_to(user), Case.created_at, Case.id, limit, cursor)
