"""Writes events of requests without a transaction of their own, in a loop, shortly after the response."""

import queue
import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from typing import Generic, TypeVar

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.asgi import HttpMiddleware
from gateway.audit import chain
from gateway.audit.models import AuditEvent
from gateway.database import SessionFactory

log = structlog.get_logger()

_MOST = 1000
_EVERY_S = 1.0

Noted = TypeVar("Noted")


class Journal(ABC, Generic[Noted]):
    """Collects what happened and writes it; equal ones of one moment together.

    Args:
        sessions: Opens transactions.
    """

    def __init__(self, sessions: SessionFactory) -> None:
        self._sessions = sessions
        self._waiting: queue.Queue[Noted] = queue.Queue(_MOST)
        self._writing = threading.Lock()
        self.stopped = threading.Event()

    def note(self, noted: Noted) -> None:
        """Have an event written. If too many wait, it is only logged."""
        self._put(noted)

    def _put(self, noted: Noted) -> bool:
        """Have an event written; False if too many wait."""
        try:
            self._waiting.put_nowait(noted)
        except queue.Full:
            log.warning("not_audited", noted=noted)
            return False
        return True

    def turn(self) -> None:
        """Wait a little, and write."""
        self.stopped.wait(_EVERY_S)
        self.write()

    def write(self) -> None:
        """Write the events since the last call; those that cannot be written are kept for the next call."""
        with self._writing:
            self._write()

    def _write(self) -> None:
        waiting = Counter(self._waiting.get_nowait() for _ in range(self._waiting.qsize()))
        try:
            with self._sessions.begin() as session:
                for event in self.events(waiting):
                    chain.add(session, event)
        except Exception:
            for noted in waiting.elements():
                if not self._put(noted):
                    self.dropped(noted)
            raise

    def dropped(self, noted: Noted) -> None:
        """Called for what could not be written and finds no room to wait any more; by default nothing happens."""

    @abstractmethod
    def events(self, waiting: Counter[Noted]) -> Iterator[AuditEvent]:
        """The audit events for the noted items, given with their counts."""


class NoteResponses(HttpMiddleware, Generic[Noted]):
    """Notes responses in a journal.

    Args:
        app: The next application.
        journal: The journal.
    """

    def __init__(self, app: ASGIApp, journal: Journal[Noted]) -> None:
        super().__init__(app)
        self._journal = journal

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See `HttpMiddleware`."""

        async def noting(message: Message) -> None:
            noted = self.noted(scope, message["status"]) if message["type"] == "http.response.start" else None
            if noted is not None:
                self._journal.note(noted)
            await send(message)

        await self.app(scope, receive, noting)

    @abstractmethod
    def noted(self, scope: Scope, status: int) -> Noted | None:
        """The item to note for a response with this status; None for none."""
