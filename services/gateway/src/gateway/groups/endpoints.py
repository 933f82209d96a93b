"""`/api/v1/groups`: who shares cases with whom. Administrators decide who belongs to a group, as persons."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from gateway.audit.service import record
from gateway.auth.dependencies import AdminUser, CurrentUser, FreshPerson
from gateway.database import DbSession
from gateway.errors import ProblemError, not_found, responses
from gateway.groups import repository, service
from gateway.groups.models import Group
from gateway.groups.schemas import GroupRead, GroupWrite
from gateway.users import repository as users
from gateway.users.models import User

router = APIRouter(prefix="/api/v1/groups", tags=["groups"])


def known_group(group_id: str, _admin: AdminUser, session: DbSession) -> Group:
    """The group of `{group_id}`, for an administrator.

    Raises:
        ProblemError: `not_found`, 404.
    """
    group = repository.by_id(session, group_id)
    if group is None:
        raise not_found("group")
    return group


KnownGroup = Annotated[Group, Depends(known_group, scope="function")]


def known_member(username: str, session: DbSession) -> User:
    """The user of `{username}`.

    Raises:
        ProblemError: `not_found`, 404.
    """
    user = users.by_username(session, username)
    if user is None:
        raise not_found("user")
    return user


KnownMember = Annotated[User, Depends(known_member, scope="function")]


@router.get("", responses=responses(401))
def list_groups(user: CurrentUser, session: DbSession) -> list[GroupRead]:
    """List the groups that you belong to; administrators get all groups."""
    return [service.as_read(session, group) for group in repository.visible(session, user)]


@router.post("", status_code=201, responses=responses(401, 403, 409, 422))
def create_group(body: GroupWrite, admin: AdminUser, session: DbSession, request: Request) -> GroupRead:
    """Create a group (administrators)."""
    _check_name(session, body.name)
    group = Group(name=body.name)
    session.add(group)
    session.flush()
    record(session, request, admin, "group.create", "group", group.id, {"name": group.name})
    return service.as_read(session, group)


@router.patch("/{group_id}", responses=responses(401, 403, 404, 409, 422))
def rename_group(
    body: GroupWrite, group: KnownGroup, admin: AdminUser, session: DbSession, request: Request
) -> GroupRead:
    """Rename a group (administrators)."""
    if body.name != group.name:
        _check_name(session, body.name)
        record(session, request, admin, "group.rename", "group", group.id, {"name": body.name, "was": group.name})
        group.name = body.name
    return service.as_read(session, group)


@router.delete("/{group_id}", status_code=204, responses=responses(401, 403, 404))
def delete_group(admin: FreshPerson, group: KnownGroup, session: DbSession, request: Request) -> None:
    """Delete a group (administrators). Its cases stay with their owners and are shared with nobody."""
    record(session, request, admin, "group.delete", "group", group.id, {"name": group.name})
    repository.delete_group(session, group)


@router.put("/{group_id}/members/{username}", responses=responses(401, 403, 404, 409))
def add_member(
    admin: FreshPerson, group: KnownGroup, member: KnownMember, session: DbSession, request: Request
) -> GroupRead:
    """Add a user to a group (administrators). Members see the cases of the group.

    A program's account can belong to one group only. Its new cases, and its cases without a group, are shared with that
    group.
    """
    if not repository.is_member(session, group.id, member.id):
        service.add_member(session, group, member)
        record(session, request, admin, "group.add_member", "group", group.id, {"username": member.username})
    return service.as_read(session, group)


@router.delete("/{group_id}/members/{username}", responses=responses(401, 403, 404))
def remove_member(
    admin: FreshPerson, group: KnownGroup, member: KnownMember, session: DbSession, request: Request
) -> GroupRead:
    """Take a user out of a group (administrators)."""
    if repository.remove_member(session, group.id, member.id):
        record(session, request, admin, "group.remove_member", "group", group.id, {"username": member.username})
    return service.as_read(session, group)


def _check_name(session: DbSession, name: str) -> None:
    if repository.by_name(session, name) is not None:
        raise ProblemError(409, "group_exists")
