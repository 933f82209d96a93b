"""Two ports of one process: a public one, and an internal one for workers and operators."""

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

INTERNAL = ("/internal/", "/metrics")
"""Places that are not published through a proxy."""
_BOTH = ("/healthz", "/readyz")


class TwoPorts:
    """Serves the workers' API and the metrics on the internal port only, and everything else on the public port only.

    Args:
        app: The gateway.
        internal_port: The port that is not published through a proxy.
    """

    def __init__(self, app: ASGIApp, internal_port: int) -> None:
        self._app, self._internal_port = app, internal_port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] == "http" and not scope["path"].startswith(_BOTH):
            arrived_inside = scope["server"][1] == self._internal_port
            if arrived_inside != scope["path"].startswith(INTERNAL):
                answer = PlainTextResponse("This is served on the other port.\n", status_code=404)
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)
