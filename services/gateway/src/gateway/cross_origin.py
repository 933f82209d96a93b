"""Pages of other origins may call the API, where `LOBULE_CORS_ORIGINS` names them."""

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.asgi import HttpMiddleware

_PATHS = ("/api/v1/", "/fhir/", "/dicom-web/")
_SENT = (
    *("Accept", "Accept-Language", "Authorization", "Content-Type", "Idempotency-Key"),
    *("If-Match", "If-None-Match", "If-Range", "Prefer", "Range", "X-Request-Id"),
)
_READ = (
    *("Accept-Ranges", "Content-Disposition", "Content-Language", "Content-Range", "ETag"),
    *("Link", "Location", "Retry-After", "Warning", "X-Request-Id"),
)


class CrossOrigin(HttpMiddleware):
    """Answers preflight requests, and lets pages of the named origins read what the API answers.

    Cookies are not allowed: such a page authenticates with a token of its own, never with the portal's session.

    Args:
        app: The next application.
        origins: Such as `https://viewer.hospital.example`; none: nothing is allowed.
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        super().__init__(app)
        self._allowing = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=_SENT,
            expose_headers=_READ,
        )

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See `HttpMiddleware`."""
        await (self._allowing if scope["path"].startswith(_PATHS) else self.app)(scope, receive, send)


def parse_origins(text: str) -> list[str]:
    """The origins of a list with commas.

    Raises:
        ValueError: One is no origin: scheme and host, perhaps a port, and nothing else.
    """
    origins = [each.strip() for each in text.split(",") if each.strip()]
    for origin in origins:
        scheme, separator, host = origin.partition("://")
        if scheme not in ("http", "https") or not separator or not host or set(host) & set("/*?# @"):
            raise ValueError(f"{origin!r} is no origin such as https://viewer.example")
    return origins
