"""Who belongs to a group, and what that shares."""

from sqlalchemy.orm import Session

from gateway.errors import ProblemError, not_found
from gateway.events import publish
from gateway.groups import repository
from gateway.groups.events import ProgramJoined
from gateway.groups.models import Group, GroupMember
from gateway.groups.schemas import GroupRead, MemberRead
from gateway.users.models import User
from gateway.users.permissions import has_permission
from gateway.users.repository import lock_user, locked_role


def as_read(session: Session, group: Group) -> GroupRead:
    """A group as the API shows it."""
    members = [MemberRead.model_validate(user) for user in repository.members(session, group.id)]
    return GroupRead(id=group.id, name=group.name, members=members)


def add_member(session: Session, group: Group, user: User) -> None:
    """Add a user to a group. A program's cases that are in no group are shared with it from now on.

    Raises:
        ProblemError: `one_group_only`, 409: a program that belonged to two groups would share what it sends with none.
    """
    role = locked_role(session, user.id)  # two requests at once do not add a program to two groups
    if role == "service":
        _check_groups(session, user, most=0)
    session.add(GroupMember(group_id=group.id, user_id=user.id))
    session.flush()
    if role == "service":
        publish(session, ProgramJoined(user.id, group.id))


def become_program(session: Session, user: User) -> None:
    """Have a person's account become a program's; the groups that it belongs to stay the same until the end.

    Raises:
        ProblemError: `one_group_only`, 409.
    """
    lock_user(session, user.id)
    _check_groups(session, user, most=1)


def _check_groups(session: Session, user: User, most: int) -> None:
    groups = repository.of_members(session, user.id)
    if len(groups) > most:
        raise ProblemError(409, "one_group_only", values={"username": user.username, "group": groups[0].name})


def group_for_new_case(session: Session, user: User, wanted: str | None) -> str | None:
    """The group that a new case of this user is shared with.

    A program need not name one where its account belongs to a single group: what a PACS sends is seen by that group.

    Args:
        session: The transaction.
        user: The user who opens the case.
        wanted: Id of the group that the user names.

    Raises:
        ProblemError: `not_found`, 404: there is no such group, or the user does not belong to it.
    """
    if wanted is not None:
        return checked(session, user, wanted).id
    groups = repository.of_members(session, user.id) if user.role == "service" else ()
    return groups[0].id if len(groups) == 1 else None


def checked(session: Session, user: User, group_id: str) -> Group:
    """A group that this user may share a case with.

    Raises:
        ProblemError: `not_found`, 404.
    """
    group = repository.by_id(session, group_id)
    if group is None or (
        not has_permission(user.role, "administer") and not repository.is_member(session, group_id, user.id)
    ):
        raise not_found("group")
    return group
