"""Queries on groups. `shared_with` decides what a user may see beyond what is their own."""

from collections.abc import Sequence

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from gateway.emergency.repository import opened_by
from gateway.groups.models import Group, GroupMember, SharedCase
from gateway.users.models import User
from gateway.users.permissions import has_permission


def shared_with(user: User) -> Select[str]:
    """Ids of the cases that a user may see beyond their own, for other queries.

    They are those that are shared with a group of theirs; for an administrator those that they opened in an emergency.
    """
    if has_permission(user.role, "emergency"):
        return opened_by(user)
    query = select(SharedCase.case_id).join(GroupMember, GroupMember.group_id == SharedCase.group_id)
    return query.where(GroupMember.user_id == user.id)


def cases_of(group_id: str) -> Select[str]:
    """Ids of the cases that a group shares, for other queries."""
    return select(SharedCase.case_id).where(SharedCase.group_id == group_id)


def visible(session: Session, user: User) -> Sequence[Group]:
    """The groups that this user belongs to, all for an administrator, by name."""
    query = select(Group).order_by(Group.name)
    if not has_permission(user.role, "administer"):
        query = query.join(GroupMember, GroupMember.group_id == Group.id).where(GroupMember.user_id == user.id)
    return session.scalars(query).all()


def of_members(session: Session, user_id: str) -> Sequence[Group]:
    """The groups that a user belongs to."""
    query = select(Group).join(GroupMember, GroupMember.group_id == Group.id)
    return session.scalars(query.where(GroupMember.user_id == user_id)).all()


def by_id(session: Session, group_id: str) -> Group | None:
    """A group, regardless of its members."""
    return session.get(Group, group_id)


def by_name(session: Session, name: str) -> Group | None:
    """The group of this name."""
    return session.scalar(select(Group).where(Group.name == name))


def members(session: Session, group_id: str) -> Sequence[User]:
    """Who belongs to a group, by user name."""
    query = select(User).join(GroupMember, GroupMember.user_id == User.id).where(GroupMember.group_id == group_id)
    return session.scalars(query.order_by(User.username)).all()


def is_member(session: Session, group_id: str, user_id: str) -> bool:
    """Whether a user belongs to a group."""
    return session.get(GroupMember, (group_id, user_id)) is not None


def remove_member(session: Session, group_id: str, user_id: str) -> bool:
    """Take a user out of a group; whether they were in it."""
    gone = session.execute(delete(GroupMember).where(GroupMember.group_id == group_id, GroupMember.user_id == user_id))
    return bool(gone.rowcount)  # pyright: ignore[reportAttributeAccessIssue] - a DML result


def group_of(session: Session, case_id: str) -> str | None:
    """The group that a case is shared with."""
    return session.scalar(select(SharedCase.group_id).where(SharedCase.case_id == case_id))


def share(session: Session, case_id: str, group_id: str | None) -> None:
    """Share a case with this group instead of any other; with none if None."""
    session.execute(delete(SharedCase).where(SharedCase.case_id == case_id))
    if group_id is not None:
        session.add(SharedCase(case_id=case_id, group_id=group_id))
        session.flush()


def delete_group(session: Session, group: Group) -> None:
    """Delete a group; its cases stay with their owners."""
    session.delete(group)
