"""Middleware of every request: a request id, a log line, security headers, and an answer when the server stops."""

import asyncio
import re
import time
import uuid

import structlog
from prometheus_client import Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from gateway.asgi import HttpMiddleware
from gateway.errors import ProblemError, problem_response
from gateway.language import request_language
from lobule.contracts.language import negotiate_language
from lobule.tracing import span

log = structlog.get_logger()

_request_seconds = Histogram(
    "lobule_request_seconds",
    "Time of a request",
    ["method", "route", "status"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 30),
)

_REQUEST_ID = re.compile(r"^[A-Za-z0-9._-]{1,64}$")

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "font-src 'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",  # for browsers and scanners that do not read the policy's frame-ancestors
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Content-Security-Policy": PAGE_POLICY,
}
_OF_PATIENTS = ("/api/", "/fhir", "/dicom-web")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_QUIET = ("/healthz", "/readyz", "/metrics", "/static/")


def _without_host(location: str, scope: Scope) -> str:
    """A redirect to this server without the host, which the router takes from the request's Host header."""
    own = f"{scope['scheme']}://{Headers(scope=scope).get('host', '')}/"
    return f"/{location.removeprefix(own).lstrip('/')}" if location.startswith(own) else location


class RequestContext(HttpMiddleware):
    """Gives each request an id (the client's, if it is valid) and its language, logs it, and sets security headers."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See `HttpMiddleware`."""
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        request_id = given if _REQUEST_ID.match(given) else uuid.uuid4().hex[:16]
        scope.setdefault("state", {})["request_id"] = request_id
        request_language.set(negotiate_language(Headers(scope=scope).get("accept-language")))
        started, status = time.monotonic(), 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if "location" in headers:
                    headers["location"] = _without_host(headers["location"], scope)
                if scope["path"].startswith(_OF_PATIENTS):  # patients' data must be revalidated by caches
                    headers["Cache-Control"] = "private, no-cache" if "etag" in headers else "no-store"
                    headers.add_vary_header("Cookie")  # a browser that goes back does not ask
            await send(message)

        parent = dict(scope["headers"]).get(b"traceparent", b"").decode("latin-1") or None
        traced = span("request", parent, method=scope["method"], path=scope["path"])
        with structlog.contextvars.bound_contextvars(request_id=request_id), traced:
            try:
                await self.app(scope, receive, send_with_headers)
            finally:
                if status:
                    _note(scope, status, time.monotonic() - started)


def _note(scope: Scope, status: int, seconds: float) -> None:
    """Count and log a request that was answered."""
    # the route's template: with ids, each job would be its own time series
    route = getattr(scope.get("route"), "path", "none")
    # a client may invent methods, and each would be a time series
    method = scope["method"] if scope["method"] in _METHODS else "other"
    _request_seconds.labels(method, route, status).observe(seconds)
    if not scope["path"].startswith(_QUIET):
        milliseconds = round(seconds * 1000, 1)
        log.info("request", method=scope["method"], path=scope["path"], status=status, ms=milliseconds)


class AnswerWhenStopped(HttpMiddleware):
    """Answers 503 to a request that the server cancels because it stops and the request takes too long."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See `HttpMiddleware`."""
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except asyncio.CancelledError:
            if begun:
                raise
            problem = ProblemError(503, "database_busy", headers={"Retry-After": "5"})
            await problem_response(Request(scope), problem)(scope, receive, send)
