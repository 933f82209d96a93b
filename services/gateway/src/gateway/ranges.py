"""Parts of a response (RFC 9110, section 14): 206 for one range of bytes, if the response offers it."""

import re
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Receive, Scope, Send

from gateway.asgi import HttpMiddleware

OFFERED: Mapping[str, str] = {"Accept-Ranges": "bytes"}
"""Headers of a response whose parts may be asked for; it must have a `Content-Length` as well."""

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class Ranges(HttpMiddleware):
    """Sends one part of a response that offers parts; what it cannot read (several ranges, other units) it ignores."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See `HttpMiddleware`."""
        headers = Headers(scope=scope)
        wanted = _RANGE.fullmatch(headers.get("range", "").replace(" ", ""))
        if scope["method"] != "GET" or wanted is None or not _is_valid(wanted[1], wanted[2]):
            await self.app(scope, receive, send)
            return
        await self.app(scope, receive, _Part(wanted[1], wanted[2], headers.get("if-range"), send).pass_on)


def _is_valid(first: str, last: str) -> bool:
    """Whether the digits are a range: one of them is there, and the first byte is not behind the last."""
    return bool(first or last) and not (first and last and int(first) > int(last))


class _Part:
    """Passes on one part of a response.

    Args:
        first: First byte, in digits; empty: the last bytes are wanted.
        last: Last byte, or how many of the last bytes; empty: all from the first byte on.
        if_range: The state that the client has; of another state it gets the whole response.
        send: Sends the response.
    """

    def __init__(self, first: str, last: str, if_range: str | None, send: Send) -> None:
        self._first, self._last, self._if_range, self._send = first, last, if_range, send
        self._skipped = 0  # bytes before the part that are still to come
        self._left: int | None = None  # bytes of the part that are still to come; None: the response is sent whole

    async def pass_on(self, message: Message) -> None:
        """Take a message of the whole response."""
        if message["type"] == "http.response.start":
            message = self._start(message)
        elif self._left is not None:
            body = message.get("body", b"")[self._skipped :]
            self._skipped = max(0, self._skipped - len(message.get("body", b"")))
            body = body[: self._left]
            self._left -= len(body)
            message = {**message, "body": body}
        await self._send(message)

    def _start(self, message: Message) -> Message:
        headers = MutableHeaders(scope=message)
        offered = message["status"] == 200 and headers.get("accept-ranges") == "bytes" and "content-length" in headers
        if not offered or (self._if_range is not None and self._if_range != headers.get("etag")):
            return message
        size = int(headers["content-length"])
        if self._first:
            begin, end = int(self._first), min(int(self._last) + 1 if self._last else size, size)
        else:
            begin, end = max(0, size - int(self._last)), size
        if begin >= end:
            headers["content-range"], headers["content-length"] = f"bytes */{size}", "0"
            self._skipped, self._left = 0, 0
            return {**message, "status": 416}
        headers["content-range"], headers["content-length"] = f"bytes {begin}-{end - 1}/{size}", str(end - begin)
        self._skipped, self._left = begin, end - begin
        return {**message, "status": 206}
