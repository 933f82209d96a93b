"""Caches responses to polls of a job's progress until something is written.

A browser polls twice a second, and the response rarely changes. The response to a request (the same login and the same
job) is cached until a transaction of this gateway writes, and at most for `MAX_AGE_S`, because another gateway may
write, and workers report their progress to Redis.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.asgi import HttpMiddleware
from gateway.database import SessionFactory

MAX_ENTRIES = 2000
"""Cached responses; each has about a kilobyte."""
MAX_AGE_S = 0.4
"""How long a response is served from the cache; a browser polls every 0.5 s."""

_PATH = re.compile(r"/api/v1/jobs/[^/]+/progress")
_READ = (b"authorization", b"cookie", b"accept-language")
_WROTE = "wrote"

_Key = tuple[str, bytes, tuple[tuple[bytes, bytes], ...]]


@dataclass
class _Answer:
    until: float
    start: Message
    body: bytes = b""


@dataclass
class _Memory:
    """The cached responses, and how often the cache was cleared."""

    answers: dict[_Key, _Answer] = field(default_factory=dict["_Key", "_Answer"])
    forgotten: int = 0

    def forget(self) -> None:
        self.forgotten += 1
        self.answers.clear()


class ProgressResponseCache(HttpMiddleware):
    """Serves the last response to a poll again if nothing was written since.

    Args:
        app: The next application; it checks permissions.
        sessions: Commits of these sessions clear the cache.
    """

    def __init__(self, app: ASGIApp, sessions: SessionFactory) -> None:
        super().__init__(app)
        self._memory = _Memory()
        event.listen(sessions, "after_flush", _note_flush)
        event.listen(sessions, "do_orm_execute", _note_statement)
        event.listen(sessions, "after_commit", self._after_commit)

    def _after_commit(self, session: Session) -> None:
        if session.info.pop(_WROTE, False):
            self._memory.forget()

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See `HttpMiddleware`."""
        if scope["method"] != "GET" or not _PATH.fullmatch(scope["path"]):
            await self.app(scope, receive, send)
            return
        key = _key(scope)
        known = self._memory.answers.get(key)
        if known is not None and time.monotonic() < known.until:
            await send({**known.start, "headers": list(known.start["headers"])})
            await send({"type": "http.response.body", "body": known.body})
            return
        await self.app(scope, receive, self._keeping(key, send))

    def _keeping(self, key: _Key, send: Send) -> Send:
        """Send a response and cache it, unless something was written since the request."""
        before, asked = self._memory.forgotten, time.monotonic()
        answer: _Answer | None = None

        async def send_and_keep(message: Message) -> None:
            nonlocal answer
            if message["type"] == "http.response.start":
                kept = {**message, "headers": list(message["headers"])}
                answer = _Answer(asked + MAX_AGE_S, kept) if message["status"] == 200 else None
            elif answer is not None:
                answer.body += message.get("body", b"")
                if not message.get("more_body", False) and self._memory.forgotten == before:
                    if len(self._memory.answers) >= MAX_ENTRIES:
                        self._memory.answers.clear()
                    self._memory.answers[key] = answer
            await send(message)

        return send_and_keep


def _key(scope: Scope) -> _Key:
    headers: Mapping[bytes, bytes] = dict(scope["headers"])
    return scope["path"], scope["query_string"], tuple((name, headers.get(name, b"")) for name in _READ)


def _note_flush(session: Session, _context: UOWTransaction) -> None:
    session.info[_WROTE] = True


def _note_statement(executed: ORMExecuteState) -> None:
    if not executed.is_select:
        executed.session.info[_WROTE] = True
