"""Serves everything below a path, such as `/lobule`, for a proxy that has other applications at the same host.

The application itself knows nothing of the path: it is taken off the addresses of requests, and put before those
in responses, where headers, pages, scripts and style sheets name one. Addresses in JSON are relative to the server's
root, or complete where they go to other systems (`LOBULE_PUBLIC_URL`).
"""

import re
from collections.abc import Iterable

from starlette.datastructures import MutableHeaders
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.errors import each_route

_REWRITTEN = ("text/html", "text/javascript", "application/javascript", "text/css")
_IN_LINK = re.compile(r"<([^>]*)>")
_DOCUMENTS = ("/api/", "/fhir", "/dicom-web")
"""Places whose responses are data: reports are sent as they were signed."""


def places_of(routes: Iterable[BaseRoute]) -> set[str]:
    """The first part of each address that an application answers, such as `cases`."""
    return {str(getattr(route, "path", "/")).split("/")[1] for route in each_route(routes)} - {""}


class PathPrefix:
    """Serves an application below a path. Requests without the path are answered, too: some proxies take it off.

    Args:
        app: The application.
        prefix: Such as `/lobule`, without a slash at its end.
        places: See `places_of`.
        internal: Beginnings of addresses that are not served below the path: who publishes it would publish them, too.
    """

    def __init__(self, app: ASGIApp, prefix: str, places: set[str], internal: tuple[str, ...]) -> None:
        self._app, self._path, self._internal = app, prefix, internal
        known = "|".join(sorted(map(re.escape, places), key=len, reverse=True))
        # An address at the root begins after a quote, and with a place that is known; in an attribute or an
        # assignment it may also be the root itself.
        self._address = re.compile(rf"""(["'`])/(?=(?:{known})(?:["'`/?#]))""".encode())
        self._root = re.compile(rb"""(\b(?:href|action|src)="|\b(?:assign|replace)\([^()\n]*')/(?=["'?])""")
        self._added = rb"\1" + prefix.encode() + b"/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        inner = {**scope}
        below = scope["path"].removeprefix(self._path) or "/"
        is_below = scope["path"] == self._path or scope["path"].startswith(f"{self._path}/")
        if is_below and not below.startswith(self._internal):
            inner["path"] = below
            inner["raw_path"] = (scope.get("raw_path") or b"").removeprefix(self._path.encode()) or b"/"
        if not inner["path"].startswith(_DOCUMENTS):  # what is compressed cannot be rewritten; the proxy compresses it
            inner["headers"] = [each for each in scope["headers"] if each[0] != b"accept-encoding"]
        await self._app(inner, receive, _Answer(self, inner["path"], send).pass_on)

    def whole(self, address: str) -> str:
        """An address at this server's root, below the path; any other one as it is."""
        here = address.startswith("/") and not address.startswith("//")
        below = address == self._path or address.startswith((f"{self._path}/", f"{self._path}?"))
        return f"{self._path}{address}" if here and not below else address

    def rewrite(self, text: bytes) -> bytes:
        """A page, a script or a style sheet whose addresses lie below the path."""
        return self._root.sub(self._added, self._address.sub(self._added, text))


class _Answer:
    """Passes on one response, with every address below the path."""

    def __init__(self, prefix: PathPrefix, path: str, send: Send) -> None:
        self._prefix, self._send = prefix, send
        self._is_document = path.startswith(_DOCUMENTS)
        self._start: Message | None = None
        self._body = bytearray()

    async def pass_on(self, message: Message) -> None:
        """Send a message, or keep it until the text is complete."""
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if "location" in headers:
                headers["location"] = self._prefix.whole(headers["location"])
            if "link" in headers:
                headers["link"] = _IN_LINK.sub(lambda found: f"<{self._prefix.whole(found[1])}>", headers["link"])
            kind = headers.get("content-type", "").partition(";")[0]
            if message["status"] in (204, 206, 304) or self._is_document or kind not in _REWRITTEN:
                await self._send(message)
            else:
                self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                text = self._prefix.rewrite(bytes(self._body))
                if text:  # a response to HEAD has none, and keeps the length that it was given
                    MutableHeaders(scope=self._start)["content-length"] = str(len(text))
                await self._send(self._start)
                await self._send({"type": "http.response.body", "body": text})
