"""Limits the bodies of requests: how long one may take, and how large those are that are read as a whole."""

import asyncio
import time
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from gateway.asgi import HttpMiddleware
from lobule import limits

_STREAMED = ("/api/v1/images", "/api/v1/previews", "/api/v1/diagnose")
"""Paths for uploads: their bodies are read as streams, which have their own limits."""
_DICOMWEB = "/dicom-web/"


class BodyLimit(HttpMiddleware):
    """Refuses a body that comes too slowly (408), or is larger than a mebibyte before it is in memory (413)."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See `HttpMiddleware`."""
        streamed = scope["path"].startswith(_DICOMWEB) or scope["path"] in _STREAMED
        body = _Body(receive, None if streamed else limits.MAX_BODY_BYTES)
        announced, closing = _announces_body(Headers(scope=scope)), False

        async def answer(message: Message) -> None:
            nonlocal closing
            if message["type"] == "http.response.start":
                closing = Headers(raw=message["headers"]).get("connection") == "close"
            elif message["type"] == "http.response.body" and announced and not closing and not message.get("more_body"):
                # A connection that is closed with bytes unread is reset, and the client never sees why it was refused.
                await send({**message, "more_body": True})
                await body.pass_over()
                message = {"type": "http.response.body"}
            await send(message)

        await self.app(scope, body.receive, answer)


def _announces_body(headers: Headers) -> bool:
    """Whether a body comes in any case. Who expects 100 (Continue) sends none if it is refused."""
    length = headers.get("content-length", "0")
    return "expect" not in headers and (length != "0" or "transfer-encoding" in headers)


class _Body:
    """The body of a request as it comes.

    Args:
        receive: Gives its pieces.
        most_bytes: None if whoever reads it counts.
    """

    def __init__(self, receive: Receive, most_bytes: int | None) -> None:
        self._receive, self._most_bytes = receive, most_bytes
        self._bytes, self._waited_s, self._more = 0, 0.0, True

    async def pass_over(self) -> None:
        """Read and discard the rest of the body, for a limited time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(limits.REST_OF_BODY_S):
                while self._more:
                    message = await self._receive()
                    self._more = message["type"] == "http.request" and message.get("more_body", False)

    async def receive(self) -> Message:
        """The next piece; after the last one, the end of the connection, however late.

        Raises:
            HTTPException: 408 or 413.
        """
        if not self._more:
            return await self._receive()
        allowed_s = limits.BODY_GRACE_S + self._bytes / limits.MIN_BODY_BYTES_PER_S
        started = time.monotonic()
        try:
            message = await asyncio.wait_for(self._receive(), allowed_s - self._waited_s)
        except TimeoutError:
            raise HTTPException(408, headers={"Connection": "close"}) from None
        # Only waiting counts: where the store is slow, the client is not at fault.
        self._waited_s += time.monotonic() - started
        self._bytes += len(message.get("body", b""))
        self._more = bool(message.get("more_body", False))
        if self._most_bytes is not None and self._bytes > self._most_bytes:
            raise HTTPException(413)
        return message
