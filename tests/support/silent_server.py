"""The base of HTTP servers in tests."""

from http.server import BaseHTTPRequestHandler


class SilentHandler(BaseHTTPRequestHandler):
    """A request handler that answers without logging."""

    def answer(self, status: int, content: bytes = b"", media_type: str = "application/json") -> None:
        """Send a complete answer."""
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        """Log nothing."""
