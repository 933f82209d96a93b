"""Makes or changes the account of a person who logs in through the provider, as its claims say."""

from fastapi import Request
from sqlalchemy.orm import Session

from gateway.accounts import service
from gateway.accounts.schemas import UserUpdate
from gateway.audit.service import record
from gateway.errors import ProblemError
from gateway.groups import repository as groups
from gateway.groups import service as membership
from gateway.groups.models import Group
from gateway.sso.claims import Identity
from gateway.users import repository
from gateway.users.models import User
from gateway.users.passwords import NO_PASSWORD
from gateway.users.permissions import has_permission

ACTOR = "single sign-on"


def account_of(session: Session, request: Request, identity: Identity, *, adopt: bool) -> User:
    """The account of a person, made where there is none, with the role, name and groups that the claims give.

    Args:
        session: The transaction.
        request: The request, for the audit log.
        identity: The person; they have a role.
        adopt: Whether a local account of the same name becomes the person's.

    Raises:
        ProblemError: `sso_inactive` (403), `sso_name_taken`, `last_admin` or `one_group_only` (409).
    """
    user = repository.by_identity(session, identity.subject) or _adopted(session, request, identity, adopt)
    if user is None:
        user = _made(session, request, identity)
    if not user.active:
        raise ProblemError(403, "sso_inactive")
    assert identity.role is not None, "who has none is refused before"
    _leave(session, request, user, identity)
    if (user.role, user.display_name) != (identity.role, identity.display_name):
        changes = UserUpdate(role=identity.role, display_name=identity.display_name)
        service.update_user(session, user, changes, by=None)
        record(session, request, ACTOR, "user.update", "user", user.id, {"username": user.username, "role": user.role})
    _join(session, request, user, identity)
    return user


def without_role(session: Session, request: Request, identity: Identity) -> None:
    """End what a person may still reach whom the provider gives no role any more: sessions and API tokens."""
    user = repository.by_identity(session, identity.subject)
    if user is not None:
        service.end_access(session, user)
        record(session, request, ACTOR, "user.no_role", "user", user.id, {"username": user.username})


def _adopted(session: Session, request: Request, identity: Identity, adopt: bool) -> User | None:
    """The local account of the name, which becomes the person's; one that administers stays local."""
    local = repository.by_username(session, identity.username)
    if local is None or local.identity is not None:
        return None
    is_theirs = adopt and identity.names_account
    if not is_theirs or local.role == "service" or has_permission(local.role, "administer"):
        raise ProblemError(409, "sso_name_taken", "named", values={"username": identity.username})
    local.identity, local.must_change_password = identity.subject, False
    local.password_hash = NO_PASSWORD  # from now on the provider says who it is
    service.end_access(session, local)
    record(session, request, ACTOR, "user.adopt", "user", local.id, {"username": local.username})
    return local


def _made(session: Session, request: Request, identity: Identity) -> User:
    assert identity.role is not None, "who has none is refused before"
    taken = repository.by_username(session, identity.username) is not None
    user = User(
        username=identity.distinct_username() if taken else identity.username,
        display_name=identity.display_name,
        password_hash=NO_PASSWORD,
        role=identity.role,
        identity=identity.subject,
    )
    session.add(user)
    session.flush()
    record(session, request, ACTOR, "user.create", "user", user.id, {"username": user.username, "role": user.role})
    return user


def _leave(session: Session, request: Request, user: User, identity: Identity) -> None:
    """Leave those groups of the mapping that the claims do not name."""
    for name, wanted in identity.groups.items():
        group = None if wanted else groups.by_name(session, name)
        if group is not None and groups.remove_member(session, group.id, user.id):
            _note_membership(session, request, "group.remove_member", group, user)


def _join(session: Session, request: Request, user: User, identity: Identity) -> None:
    """Belong to those groups of the mapping that the claims name."""
    for name in (name for name, wanted in identity.groups.items() if wanted):
        group = groups.by_name(session, name)
        if group is None:
            group = Group(name=name)
            session.add(group)
            session.flush()
        if not groups.is_member(session, group.id, user.id):
            membership.add_member(session, group, user)
            _note_membership(session, request, "group.add_member", group, user)


def _note_membership(session: Session, request: Request, action: str, group: Group, user: User) -> None:
    record(session, request, ACTOR, action, "group", group.id, {"username": user.username})
