"""Failed logins of a person, of which they are told once they have logged in to the portal.

They are counted beside the user, so that a login looks at one row however many there were. A login of an API client
does not have them forgotten: nobody reads what it is answered.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request
from sqlalchemy.orm import Session

from gateway.audit.service import record
from gateway.auth import repository
from gateway.auth.models import AuthSession
from gateway.users.models import User


@dataclass(frozen=True)
class FailedLogins:
    """The failed logins as shown to a person.

    Attributes:
        count: How many there were since their last login to the portal.
        last_at: When the last one was.
        address: Where it came from.
        since: When they logged in last; None if they never had.
        seen: Whether they have said that they have seen it.
    """

    count: int
    last_at: datetime
    address: str
    since: datetime | None
    seen: bool

    @classmethod
    def of(cls, login: AuthSession | None) -> "FailedLogins | None":
        """The failed logins to show in a portal session; None if there were none."""
        if login is None or login.failed_before is None:
            return None
        kept = login.failed_before
        since = kept["since"] and datetime.fromisoformat(kept["since"])
        return cls(kept["count"], datetime.fromisoformat(kept["last_at"]), kept["address"], since, kept["seen"])


def record_failure(request: Request, actor: User | str, detail: dict[str, str] | None = None) -> None:
    """Write a failed login to the audit log and to the user of that name, if there is one."""
    name = actor if isinstance(actor, str) else actor.username
    address = request.client.host if request.client else "unknown"
    with request.app.state.sessions.begin() as session:
        record(session, request, actor or "?", "auth.failed", detail=detail)
        repository.count_failed_login(session, name, address)
    request.state.noted = True  # one event for one request: see `gateway.audit.refusals`


def move_to_session(session: Session, login: AuthSession) -> None:
    """Have a new portal session tell what failed before it, and count from now on for the next one."""
    count, last_at, address, since = repository.take_failed_logins(session, login.user_id)
    if count and last_at:
        told: dict[str, Any] = {"count": count, "last_at": last_at.isoformat(), "address": address, "seen": False}
        login.failed_before = told | {"since": since and since.isoformat()}


def mark_seen(session: Session, request: Request, login: AuthSession) -> None:
    """Note that the person of a session has seen what failed."""
    if login.failed_before is not None and not login.failed_before["seen"]:
        login.failed_before = login.failed_before | {"seen": True}
        record(session, request, login.user, "auth.failed_seen", "session", login.id)
