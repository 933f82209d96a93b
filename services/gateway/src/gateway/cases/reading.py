"""Who reads a case: assignment, claim and release.

A case may have a reader. Assigned, it is meant for them; claimed, they read it now, and nobody else reviews or signs it
until they release it, sign it, or their claim has lapsed.
"""

from datetime import datetime

from sqlalchemy.orm import Session, object_session

from gateway.cases import reads, repository
from gateway.cases.models import Case
from gateway.cases.repository import LAPSES_AFTER
from gateway.clock import now
from gateway.errors import ProblemError
from gateway.groups import repository as groups
from gateway.users import repository as users
from gateway.users.models import User
from gateway.users.permissions import has_permission


def is_claimed(case: Case) -> bool:
    """Whether somebody reads a case now."""
    return _since(case) is not None


def claimed_by_another(case: Case, user: User) -> bool:
    """Whether somebody else reads a case now."""
    return case.reader_id not in (None, user.id) and is_claimed(case)


def _since(case: Case) -> datetime | None:
    """Since when a case is claimed; None if it is not, the claim has lapsed, or its reader was deactivated."""
    since = case.reading_since
    if since is None or now() - since >= LAPSES_AFTER:
        return None
    session = object_session(case)
    reader = users.by_id(session, case.reader_id) if session and case.reader_id else None
    return since if reader is None or reader.active else None


def check_free(case: Case, user: User) -> None:
    """Refuse what only the reader of a claimed case may do.

    Raises:
        ProblemError: `case_claimed`, 409, with `reader` and `since`.
    """
    if claimed_by_another(case, user):
        since = case.reading_since.isoformat() if case.reading_since else None
        raise ProblemError(409, "case_claimed", reader=case.reader, since=since)


def _check_open(case: Case, user: User) -> None:
    """Refuse another reader of a signed case, whose reader is the signer until something of it changes.

    Raises:
        ProblemError: `case_claimed` or `case_signed`, 409.
    """
    check_free(case, user)
    if case.state == "signed":
        raise ProblemError(409, "case_signed")


def claim(session: Session, case: Case, user: User) -> Case:
    """Read a case: it is this user's until they release or sign it.

    Raises:
        ProblemError: `case_claimed`, `case_signed` or `already_read`, 409.
    """
    case = repository.locked(session, case.id)
    _check_open(case, user)
    reads.check_may_read(session, case, user)
    if case.reader_id != user.id or _since(case) is None:
        case.reader_id, case.reader, case.reading_since = user.id, user.display_name, now()
    return case


def release(session: Session, case: Case, user: User) -> Case:
    """Give a case back, or take it from its reader: the owner may do that.

    Raises:
        ProblemError: `case_claimed` or `case_signed`, 409.
    """
    case = repository.locked(session, case.id)
    if case.state == "signed" or user.id != case.owner_id:
        _check_open(case, user)
    case.reader_id, case.reader, case.reading_since = None, "", None
    return case


def assign(session: Session, case: Case, reader: User, user: User) -> Case:
    """Mean a case for a reader, who need not have begun.

    Raises:
        ProblemError: `case_claimed`, `case_signed` or `already_read` (409), or `reader_cannot_see` (422).
    """
    case = repository.locked(session, case.id)
    _check_open(case, user)
    if repository.visible(session, reader, case.id) is None or not (
        reader.active and has_permission(reader.role, "review")
    ):
        raise ProblemError(422, "reader_cannot_see")
    if case.read_twice and reads.of_user(session, case, reader) is not None:
        raise ProblemError(409, "already_read", "other")
    case.reader_id, case.reader, case.reading_since = reader.id, reader.display_name, None
    return case


def signed_by(case: Case, user: User) -> None:
    """The signer stays the case's reader; the claim ends."""
    case.reader_id, case.reader, case.reading_since = user.id, user.display_name, None


def share(session: Session, case: Case, group_id: str | None) -> None:
    """Share a case with a group instead of any other; with none if None."""
    groups.share(session, case.id, group_id)
