"""Writes refused requests to the audit log: who sent them, from where, for which object, and the reason.

Equal refusals of one moment are written as one event with their number. A user may cause `_PER_MINUTE` events a minute,
and so may all anonymous requests together; further refusals are counted in one event, so that a client cannot fill the
log. Requests that are recorded elsewhere, such as failed logins, and expired access tokens are not written.
"""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from starlette.types import Scope

from gateway.audit.audited_request import AuditedRequest
from gateway.audit.journal import Journal, NoteResponses
from gateway.audit.models import AuditEvent
from gateway.clock import now
from gateway.database import SessionFactory

ACTION = "access.refuse"
_STATUSES = (401, 403, 404, 429)
_OF_WORKERS = "/internal/"
_RUN_OUT = "token_expired"
_PER_MINUTE = 20
_MINUTE_S = 60.0


@dataclass(frozen=True)
class Refusal:
    """A request that was refused."""

    request: AuditedRequest
    method: str
    reason: str


class RefusalJournal(Journal[Refusal]):
    """Collects refusals and writes them.

    Args:
        sessions: Opens transactions.
    """

    def __init__(self, sessions: SessionFactory) -> None:
        super().__init__(sessions)
        self._minute_ends = 0.0
        self._written: Counter[str] = Counter()  # events of this minute, by actor
        self._further: Counter[str] = Counter()  # refusals beyond them

    def _write(self) -> None:
        before = self._minute_ends, self._written.copy(), self._further.copy()
        try:
            super()._write()
        except Exception:  # nothing was written, so nothing counts as written
            self._minute_ends, self._written, self._further = before
            raise

    def events(self, waiting: Counter[Refusal]) -> Iterator[AuditEvent]:
        """See `Journal`."""
        if time.monotonic() >= self._minute_ends:
            for actor, times in self._further.items():
                yield AuditEvent(at=now(), actor_name=actor, action=ACTION, detail={"further": times})
            self._minute_ends = time.monotonic() + _MINUTE_S
            self._written, self._further = Counter(), Counter()
        for refusal, times in waiting.items():
            actor = refusal.request.actor_name
            if self._written[actor] < _PER_MINUTE:
                self._written[actor] += 1
                detail = {"method": refusal.method, "route": refusal.request.route, "times": times}
                yield refusal.request.event(ACTION, now(), detail, refusal.reason[:60])
            else:
                self._further[actor] += times


class NoteRefusals(NoteResponses[Refusal]):
    """Notes requests that are answered with 401, 403, 404 or 429. A 404 counts where the route names an object."""

    def noted(self, scope: Scope, status: int) -> Refusal | None:
        """See `NoteResponses`."""
        return _refusal(scope, status) if status in _STATUSES else None


def _refusal(scope: Scope, status: int) -> Refusal | None:
    request, state = AuditedRequest.of(scope), scope.get("state", {})
    reason = state.get("refused") or str(status)
    if request is None or scope["path"].startswith(_OF_WORKERS) or state.get("noted", False) or reason == _RUN_OUT:
        return None
    if status == 404 and not scope.get("path_params"):
        return None
    return Refusal(request, scope["method"], reason)
