"""A small HTTP server of a service for `/metrics`, `/healthz` and `/readyz`."""

import json
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import REGISTRY, make_wsgi_app

from lobule import limits
from lobule.memory import MemoryCollector

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

Check = Callable[[], dict[str, bool]]
"""Health by name of each part."""

REGISTRY.register(MemoryCollector())  # once a process, like the collectors that prometheus_client brings


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[WSGIRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print unforeseen errors; a connection that ends or falls silent is none."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Quiet(WSGIRequestHandler):
    timeout = limits.HEADERS_S  # a client that falls silent does not keep its thread

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing, since probes arrive every few seconds."""


def serve_health(host: str, port: int, *, live: Check, ready: Check) -> int:
    """Start serving health and metrics from threads of this process.

    Args:
        host: Address to listen on.
        port: Port to listen on; 0 for any free port.
        live: Check for `/healthz`.
        ready: Check for `/readyz`.

    Returns:
        The port that it listens on.
    """
    metrics = make_wsgi_app()
    checks = {"/healthz": live, "/readyz": ready}

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = str(environ["PATH_INFO"])
        if path == "/metrics":
            return metrics(environ, start_response)
        if path not in checks:
            start_response("404 Not Found", [])
            return [b""]
        state = checks[path]()
        good = all(state.values())
        start_response("200 OK" if good else "503 Service Unavailable", [("Content-Type", "application/json")])
        return [json.dumps({"status": "ok" if good else "down", **state}).encode()]

    server = make_server(host, port, app, server_class=_Server, handler_class=_Quiet)
    threading.Thread(target=server.serve_forever, name="monitor", daemon=True).start()
    return server.server_port
