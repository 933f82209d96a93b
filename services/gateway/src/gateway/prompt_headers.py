"""Closes connections whose requests do not come in time.

uvicorn waits for the headers of a request without end: a client that opens a thousand connections and sends a byte on
each now and then would take all file descriptors of the gateway.
"""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

from lobule import limits


class PromptHeaders(H11Protocol):
    """A connection whose client has `limits.HEADERS_S` for the headers of a request, from its first byte.

    The first request of a connection has that time from the connection on. uvicorn itself closes a connection that is
    idle after a response.
    """

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._stop()
        super().connection_lost(exc)

    def _watch(self) -> None:
        """Have the time run while no request is under way."""
        has_request = self.cycle is not None and not self.cycle.response_complete
        if has_request or self.transport.is_closing():
            self._stop()
        elif self._timer is None:
            self._timer = self.loop.call_later(limits.HEADERS_S, self.transport.close)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
