"""The base class of the gateway's middleware, and how one ends a response early."""

from abc import ABC, abstractmethod

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class EnoughError(Exception):
    """Ends a response in the application; the middleware that raises it has sent all that the client wants."""


async def send_last(send: Send, message: Message) -> None:
    """Send the last piece of a body.

    Raises:
        EnoughError: The application has more, which need not be read for nobody.
    """
    await send({**message, "more_body": False})
    if message.get("more_body", False):
        raise EnoughError


class HttpMiddleware(ABC):
    """Handles HTTP requests and passes other ASGI events, such as startup and shutdown, to the next application.

    Args:
        app: The next application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        await (self.handle if scope["type"] == "http" else self.app)(scope, receive, send)

    @abstractmethod
    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one HTTP request."""
