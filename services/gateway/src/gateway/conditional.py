"""HEAD for every GET, and 304 if the client already has the response (RFC 9110, sections 9.3.2 and 13.1.2)."""

from contextlib import suppress

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Receive, Scope, Send

from gateway.asgi import EnoughError, HttpMiddleware, send_last

_ABSENT_FROM_304 = ("content-length", "content-type", "content-encoding", "content-range")


class Conditional(HttpMiddleware):
    """Answers HEAD as GET without its body, and omits a body that the client already has; neither is read."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See `HttpMiddleware`."""
        if scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        known = [_opaque(tag) for tag in Headers(scope=scope).get("if-none-match", "").split(",")]
        silent = scope["method"] == "HEAD"

        async def answer(message: Message) -> None:
            nonlocal silent
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                etag = headers.get("etag")
                if message["status"] in (200, 206) and etag is not None and (_opaque(etag) in known or known == ["*"]):
                    message["status"], silent = 304, True
                    for name in _ABSENT_FROM_304:
                        del headers[name]
            elif silent:
                await send_last(send, {**message, "body": b""})
                return
            await send(message)

        with suppress(EnoughError):
            await self.app(_as_get(scope) if silent else scope, receive, answer)


def _as_get(scope: Scope) -> Scope:
    """A HEAD request as the GET request whose headers it asks for; ranges are of GET alone."""
    return {**scope, "method": "GET", "headers": [header for header in scope["headers"] if header[0] != b"range"]}


def _opaque(tag: str) -> str:
    """A tag for the weak comparison of `If-None-Match`."""
    return tag.strip().removeprefix("W/")
