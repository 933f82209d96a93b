"""Reads the `Idempotency-Key` of a request, and stores the response."""

import re
from collections.abc import Callable

import structlog
from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.asgi import HttpMiddleware
from gateway.database import SessionFactory
from gateway.encryption import cipher_for
from gateway.errors import ProblemError, problem_response
from gateway.idempotency import repository
from gateway.idempotency.service import PURPOSE, Claim
from gateway.outages import OUTAGES
from gateway.settings import GatewaySettings

log = structlog.get_logger()

HEADER = "Idempotency-Key"
_KEY = re.compile(r"[\x20-\x7e]{1,255}")
_METHODS = ("POST", "PATCH")
_KEPT_HEADERS = ("content-type", "content-language", "etag", "location")
_MOST_BYTES = 65_536
Keep = Callable[[Claim, int, dict[str, str], bytes], None]


class IdempotencyMiddleware(HttpMiddleware):
    """Reads the key of a request, and stores the response of an executed request.

    Uploads are not handled here: uploading the same bytes twice yields one image.

    Args:
        app: The next application.
        sessions: Sessions of the database.
        settings: The server's settings, with its secret.
    """

    def __init__(self, app: ASGIApp, sessions: SessionFactory, settings: GatewaySettings) -> None:
        super().__init__(app)
        self._sessions, self._settings = sessions, settings

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See `HttpMiddleware`."""
        key = Headers(scope=scope).get(HEADER)
        if key is None or scope["method"] not in _METHODS or not scope["path"].startswith("/api/v1/"):
            await self.app(scope, receive, send)
            return
        if not _KEY.fullmatch(key):
            await problem_response(Request(scope), ProblemError(400, "key_invalid"))(scope, receive, send)
            return
        claim = scope.setdefault("state", {})["idempotency"] = Claim(key, scope)

        async def read() -> Message:
            message = await receive()
            claim.digest.update(message.get("body", b""))
            return message

        answer = _Answer(claim, self._keep, send)
        await self.app(scope, read, answer.take)

    def _keep(self, claim: Claim, status: int, headers: dict[str, str], body: bytes) -> None:
        """Store a response, unless the request's transaction was rolled back and its key with it."""
        assert claim.noted is not None
        hidden = cipher_for(self._settings, PURPOSE).encrypt(body).decode()
        try:
            with self._sessions.begin() as session:
                repository.keep_response(session, claim.noted, status, headers, hidden)
        except OUTAGES as error:  # the change is made: the client has to learn of it
            log.warning("answer_not_kept", error=repr(error))


class _Answer:
    """The response to a request with a key. It is stored before it is sent, so that a repeated request finds it.

    Args:
        claim: The request's key.
        keep: Stores status, headers and body.
        send: Sends the response.
    """

    def __init__(self, claim: Claim, keep: Keep, send: Send) -> None:
        self._claim, self._keep, self._send = claim, keep, send
        self._start: Message | None = None
        self._body = b""

    async def take(self, message: Message) -> None:
        """Handle a message of the response."""
        if message["type"] == "http.response.start" and self._claim.noted is not None:
            self._start = message
            return
        if self._start is None:  # not kept, or passed on already
            await self._send(message)
            return
        self._body += message.get("body", b"")
        more, small = message.get("more_body", False), len(self._body) <= _MOST_BYTES
        if more and small:
            return
        if small and self._start["status"] < 500:
            headers = Headers(raw=self._start["headers"])
            kept = {name: headers[name] for name in _KEPT_HEADERS if name in headers}
            await run_in_threadpool(self._keep, self._claim, self._start["status"], kept, self._body)
        start, self._start = self._start, None
        await self._send(start)
        await self._send({"type": "http.response.body", "body": self._body, "more_body": more})
