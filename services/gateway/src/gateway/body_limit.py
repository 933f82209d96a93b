"""Limits the bodies of requests that are read as a whole: JSON and forms."""

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from gateway.asgi import HttpMiddleware

MOST_BYTES = 1_048_576
_STREAMED = ("/api/v1/images", "/api/v1/previews", "/api/v1/diagnose")
"""Paths for uploads: their bodies are read as streams, which have their own limits."""
_DICOMWEB = "/dicom-web/studies"
_OF_WORKERS = "/internal/"


class BodyLimit(HttpMiddleware):
    """Refuses a body of more than a mebibyte with 413 before it is in memory, whatever its headers say."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See `HttpMiddleware`."""
        if scope["path"].startswith((_OF_WORKERS, _DICOMWEB)) or scope["path"] in _STREAMED:
            await self.app(scope, receive, send)
            return
        received = 0

        async def bounded() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MOST_BYTES:
                raise HTTPException(413, "The request is larger than 1 MB. Please send less at once.")
            return message

        await self.app(scope, bounded, send)
