"""Parts of a response (RFC 9110, section 14): 206 for one range of bytes, if the response offers it."""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from gateway.asgi import EnoughError, HttpMiddleware, send_last
from gateway.errors import ProblemError, problem_response, responses

OFFERED: Mapping[str, str] = {"Accept-Ranges": "bytes"}
"""Headers of a response whose parts may be asked for; it must have a `Content-Length` as well."""

_CONTENT_RANGE = {"description": "the bytes of the part, and the size of the whole", "schema": {"type": "string"}}
PARTS: dict[int | str, dict[str, Any]] = {
    206: {"description": "The part that `Range` asks for", "headers": {"Content-Range": _CONTENT_RANGE}},
    **responses(416),
}
"""OpenAPI entries of an endpoint whose response offers parts."""

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def part_of(headers: Headers, size: int, etag: str | None) -> range | None:
    """The part of a response that a request asks for; what cannot be read (several ranges, other units) is ignored.

    Args:
        headers: Headers of the request.
        size: Size of the whole response in bytes.
        etag: ETag of the response. A client that has another state gets the whole response.

    Returns:
        Its bytes, none if they lie behind the end; None for the whole response.
    """
    wanted = _RANGE.fullmatch(headers.get("range", "").replace(" ", ""))
    if wanted is None or not _is_valid(wanted[1], wanted[2]) or headers.get("if-range", etag) != etag:
        return None
    if wanted[1]:
        return range(int(wanted[1]), min(int(wanted[2]) + 1 if wanted[2] else size, size))
    return range(max(0, size - int(wanted[2])), size)


def _is_valid(first: str, last: str) -> bool:
    """Whether the digits are a range: one of them is there, and the first byte is not behind the last."""
    return bool(first or last) and not (first and last and int(first) > int(last))


def headers_of_part(part: range, size: int) -> dict[str, str]:
    """The headers of a response that is a part of so many bytes."""
    return {"Content-Range": f"bytes {part.start}-{part.stop - 1}/{size}", "Content-Length": str(len(part))}


class Ranges(HttpMiddleware):
    """Sends one part of a response that offers parts, unless the route did, which need not read what is before it."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See `HttpMiddleware`."""
        headers = Headers(scope=scope)
        if scope["method"] != "GET" or "range" not in headers:
            await self.app(scope, receive, send)
            return
        with suppress(EnoughError):
            await self.app(scope, receive, _Part(scope, headers, send).pass_on)


class _Part:
    """Passes on one part of a response.

    Args:
        scope: The request.
        headers: Its headers.
        send: Sends the response.
    """

    def __init__(self, scope: Scope, headers: Headers, send: Send) -> None:
        self._scope, self._headers, self._send = scope, headers, send
        self._problem: bytes | None = None
        self._skipped = 0  # bytes before the part that are still to come
        self._left: int | None = None  # bytes of the part that are still to come; None: the response is sent whole

    async def pass_on(self, message: Message) -> None:
        """Take a message of the whole response."""
        if message["type"] == "http.response.start":
            message = self._start(message)
        elif self._problem is not None:
            await send_last(self._send, {**message, "body": self._problem})
            return
        elif self._left is not None:
            body = message.get("body", b"")[self._skipped :]
            self._skipped = max(0, self._skipped - len(message.get("body", b"")))
            body = body[: self._left]
            self._left -= len(body)
            message = {**message, "body": body}
            if self._left == 0:
                await send_last(self._send, message)
                return
        await self._send(message)

    def _start(self, message: Message) -> Message:
        headers = MutableHeaders(scope=message)
        if message["status"] != 200 or headers.get("accept-ranges") != "bytes" or "content-length" not in headers:
            return message
        size = int(headers["content-length"])
        part = part_of(self._headers, size, headers.get("etag"))
        if part is None:
            return message
        if not part:
            problem = ProblemError(416, "range_not_satisfiable", values={"size": size})
            answer = problem_response(Request(self._scope), problem)
            self._problem = bytes(answer.body)
            headers.update({**answer.headers, "content-range": f"bytes */{size}"})
            return {**message, "status": 416}
        self._skipped, self._left = part.start, len(part)
        headers.update(headers_of_part(part, size))
        return {**message, "status": 206}
