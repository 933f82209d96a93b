"""Writes what was refused to the audit log: who asked from where for what, and why they did not get it.

A refused request has no transaction of its own any more, so its event is written by a loop, a moment later. Equal
refusals of one moment are one event with their number. A user has `_PER_MINUTE` events a minute, and so have all
anonymous requests together; what exceeds that is one event with its number, so that nobody fills the log.
"""

import queue
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.asgi import HttpMiddleware
from gateway.audit import chain
from gateway.audit.models import AuditEvent
from gateway.clock import now
from gateway.database import SessionFactory

log = structlog.get_logger()

ACTION = "access.refuse"
_STATUSES = (401, 403, 404, 429)
_OF_WORKERS = "/internal/"
_MOST = 1000
_EVERY_S = 1.0
_PER_MINUTE = 20
_MINUTE_S = 60.0
_NOBODY = "anonymous"


@dataclass(frozen=True)
class Refusal:
    """A request that was refused."""

    actor_id: str | None
    actor_name: str
    token_id: str | None
    address: str | None
    method: str
    route: str
    target_type: str | None
    target_id: str | None
    reason: str


class RefusalJournal:
    """Collects refusals and writes them.

    Args:
        sessions: Of the database.
    """

    def __init__(self, sessions: SessionFactory) -> None:
        self._sessions = sessions
        self._waiting: queue.Queue[Refusal] = queue.Queue(_MOST)
        self._minute_ends = 0.0
        self._written: Counter[str] = Counter()  # events of this minute, by who asked
        self._further: Counter[str] = Counter()  # refusals beyond them
        self.stopped = threading.Event()

    def note(self, refusal: Refusal) -> None:
        """Have a refusal written. Where too many wait, it is only logged."""
        try:
            self._waiting.put_nowait(refusal)
        except queue.Full:
            log.warning("refusal_not_audited", actor=refusal.actor_name, route=refusal.route, reason=refusal.reason)

    def turn(self) -> None:
        """Wait a little, and write."""
        self.stopped.wait(_EVERY_S)
        self.write()

    def write(self) -> None:
        """Write what was refused since the last time; what cannot be written waits for the next time."""
        waiting = Counter(self._waiting.get_nowait() for _ in range(self._waiting.qsize()))
        try:
            with self._sessions.begin() as session:
                for event in self._events(waiting):
                    chain.add(session, event)
        except Exception:
            for refusal in waiting.elements():
                self.note(refusal)
            raise

    def _events(self, waiting: Counter[Refusal]) -> Iterator[AuditEvent]:
        if time.monotonic() >= self._minute_ends:
            for asker, times in self._further.items():
                yield AuditEvent(at=now(), actor_name=asker, action=ACTION, detail={"further": times})
            self._minute_ends = time.monotonic() + _MINUTE_S
            self._written, self._further = Counter(), Counter()
        for refusal, times in waiting.items():
            asker = refusal.actor_name[:100]
            if self._written[asker] < _PER_MINUTE:
                self._written[asker] += 1
                yield _event(refusal, times)
            else:
                self._further[asker] += times


def _event(refusal: Refusal, times: int) -> AuditEvent:
    return AuditEvent(
        at=now(),
        actor_id=refusal.actor_id,
        actor_name=refusal.actor_name[:100],
        action=ACTION,
        target_type=refusal.target_type,
        target_id=refusal.target_id,
        detail={"method": refusal.method, "route": refusal.route, "times": times},
        address=refusal.address,
        token_id=refusal.token_id,
        reason=refusal.reason[:60],
    )


class NoteRefusals(HttpMiddleware):
    """Notes requests that are answered with 401, 403, 404 or 429. A 404 counts where the route names an object.

    Args:
        app: The next application.
        journal: Where they are noted.
    """

    def __init__(self, app: ASGIApp, journal: RefusalJournal) -> None:
        super().__init__(app)
        self._journal = journal

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See `HttpMiddleware`."""

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in _STATUSES:
                refusal = _refusal(scope, message["status"])
                if refusal is not None:
                    self._journal.note(refusal)
            await send(message)

        await self.app(scope, receive, noting)


def _refusal(scope: Scope, status: int) -> Refusal | None:
    route = getattr(scope.get("route"), "path", None)
    named = scope.get("path_params") or {}
    if route is None or scope["path"].startswith(_OF_WORKERS) or (status == 404 and not named):
        return None
    state = scope.get("state", {})
    user_id, username, token_id = state.get("asked_by", (None, _NOBODY, None))
    client = scope.get("client")
    # What an anonymous request names is free text, and says nothing of whose it is.
    name, value = next(iter(named.items()), (None, None)) if user_id else (None, None)
    return Refusal(
        actor_id=user_id,
        actor_name=username,
        token_id=token_id,
        address=client[0] if client else None,
        method=scope["method"],
        route=route,
        target_type=name.removesuffix("_id")[:30] if name else None,
        target_id=str(value).replace("\0", "")[:36] if name else None,
        reason=state.get("refused") or str(status),
    )
