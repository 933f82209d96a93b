"""Writes to the audit log who read which patient's data: one event for a person, an object and an hour.

Lists and searches name no object; theirs are an event for a person, a route and an hour. DICOMweb notes each of its
searches and retrievals itself.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from starlette.types import Scope

from gateway.audit.audited_request import AuditedRequest
from gateway.audit.journal import Journal, NoteResponses
from gateway.audit.models import AuditEvent
from gateway.clock import now
from gateway.database import SessionFactory
from gateway.users.permissions import needed_permission

ACTION = "data.read"
_GIVEN = (200, 206, 304)
_METHODS = ("GET", "HEAD")
_READ_BY_POST = re.compile(r".*/reports/text|.*/opinion")
"""Routes that a request with a body reads, although it may change nothing."""
_WITHOUT_DATA = re.compile(r".*/progress|/api/v1/views(/.*)?|/new|/static(/.*)?")
_MOST = 50_000


_Key = tuple[str | None, ...]


@dataclass(frozen=True)
class Read:
    """A request that was given patients' data."""

    request: AuditedRequest
    at: datetime

    @property
    def hour(self) -> datetime:
        """The hour in which it was."""
        return self.at.replace(minute=0, second=0, microsecond=0)

    @property
    def key(self) -> _Key:
        """What one event of an hour is written for."""
        request = self.request
        what = request.target_id or request.route
        return request.actor_id, request.token_id, request.address, request.target_type, what


class ReadJournal(Journal[Read]):
    """Collects reads and writes the first of each hour.

    Args:
        sessions: Opens transactions.
    """

    def __init__(self, sessions: SessionFactory) -> None:
        super().__init__(sessions)
        self._known: set[_Key] = set()
        self._hour: datetime | None = None

    def note(self, noted: Read) -> None:
        """Have a read written, unless it was in this hour."""
        if noted.hour != self._hour or len(self._known) >= _MOST:
            self._known, self._hour = set(), noted.hour
        if noted.key not in self._known and self._put(noted):
            self._known.add(noted.key)

    def dropped(self, noted: Read) -> None:
        """Have the next read of it written, since this one is not."""
        self._known.discard(noted.key)

    def events(self, waiting: Counter[Read]) -> Iterator[AuditEvent]:
        """See `Journal`."""
        for read in waiting:
            yield read.request.event(ACTION, read.at, {"route": read.request.route})


class NoteReads(NoteResponses[Read]):
    """Notes requests of known users that are given patients' data."""

    def noted(self, scope: Scope, status: int) -> Read | None:
        """See `NoteResponses`."""
        if status not in _GIVEN:
            return None
        request = AuditedRequest.of(scope)
        if request is None or request.actor_id is None or not _gives_data(scope, request.route):
            return None
        return Read(request, now())


def _gives_data(scope: Scope, route: str) -> bool:
    if scope.get("state", {}).get("noted", False):
        return False
    if scope["method"] not in _METHODS:
        return _READ_BY_POST.fullmatch(route) is not None
    return not _WITHOUT_DATA.fullmatch(route) and needed_permission(scope["method"], route) == "read"
