"""Closes connections whose clients do not take their answers.

uvicorn waits for a client without end, and what a client has not taken lies in memory: an answer that is sent as a
whole, such as a report, as long as the client likes.
"""

import asyncio
from typing import Any, cast

import structlog

from gateway.prompt_headers import PromptHeaders
from lobule import limits

log = structlog.get_logger()

UNSENT_BYTES = 128 * 1024
"""Bytes of an answer that wait in the system for the client; these count as not taken."""


class _Counted:
    """A transport that counts the bytes that are written to it: those that it takes at once never wait.

    Args:
        transport: The transport.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport, self.written = transport, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """See `asyncio.WriteTransport`."""
        self.written += len(data)
        self._transport.write(data)


class PromptReaders(PromptHeaders):
    """A connection whose client takes answers at a least rate, and that ends if all clients together hold too much.

    Only time counts in which bytes wait for the client, over all answers of the connection.
    """

    _timer_of_answers: asyncio.TimerHandle | None = None
    _counted: _Counted
    _since: float | None = None  # when bytes began to wait, or until when that is counted; None: none wait
    _waiting = 0  # bytes that waited then
    _waited_s = 0.0
    _taken = 0
    _last_taken_at = 0.0  # or when bytes began to wait

    def connection_made(self, transport: asyncio.Transport) -> None:
        """See `asyncio.Protocol`."""
        self._counted = _Counted(transport)
        super().connection_made(cast("asyncio.Transport", self._counted))
        transport.set_write_buffer_limits(high=0)  # `pause_writing` comes with the first byte that has to wait

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`."""
        super().pause_writing()
        self._since = self._last_taken_at = self.loop.time()
        self._watch_answer()
        self._bound_all()

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._count()
        self._stop_watching()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._since = None
        self._stop_watching()
        super().connection_lost(exc)

    def _watch_answer(self) -> None:
        """End the connection if its client was too slow until now; otherwise look again when it may have been."""
        self._count()
        left_s = limits.ANSWER_GRACE_S + self._taken / limits.MIN_ANSWER_BYTES_PER_S - self._waited_s
        if left_s <= 0:
            self._cut_off("too slow")
        else:
            self._timer_of_answers = self.loop.call_later(left_s, self._watch_answer)

    def _count(self) -> None:
        """Add what has waited and what was taken until now."""
        if self._since is not None:
            now, self._waiting = self.loop.time(), self.transport.get_write_buffer_size()
            self._waited_s += now - self._since
            taken = self._counted.written - UNSENT_BYTES - self._waiting
            if taken > self._taken:
                self._taken, self._last_taken_at = taken, now
            self._since = now if self._waiting else None

    def _bound_all(self) -> None:
        """While all clients together hold more than they may, end the connection that has taken nothing for longest."""
        slow = [each for each in self.connections if isinstance(each, PromptReaders) and each._since is not None]
        held = sum(each.transport.get_write_buffer_size() for each in slow)
        for each in slow:
            each._count()
        for each in sorted(slow, key=PromptReaders._order_of_ending)[:-1]:
            if held <= limits.MAX_ANSWERS_BYTES:
                return
            held -= each.transport.get_write_buffer_size()
            each._cut_off("too much is held")

    def _order_of_ending(self) -> tuple[float, int]:
        """Who reads all the time has waited long, too; of those that took bytes at the same time, who holds most."""
        return self._last_taken_at, -self._waiting

    def _waited(self) -> float:
        return self._waited_s + (0.0 if self._since is None else self.loop.time() - self._since)

    def _cut_off(self, reason: str) -> None:
        client = self.client[0] if self.client else None
        path = self.scope["path"] if self.scope else None
        log.warning("answer_not_taken", reason=reason, client=client, path=path, waited_s=round(self._waited()))
        self.transport.abort()

    def _stop_watching(self) -> None:
        if self._timer_of_answers is not None:
            self._timer_of_answers.cancel()
            self._timer_of_answers = None
