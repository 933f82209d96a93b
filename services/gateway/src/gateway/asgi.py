"""What the gateway's middleware has in common."""

from starlette.types import ASGIApp, Receive, Scope, Send


class HttpMiddleware:
    """Passes on what is no HTTP request, such as the events of start and end.

    Args:
        app: What it stands before.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        await (self.handle if scope["type"] == "http" else self.app)(scope, receive, send)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        raise NotImplementedError
