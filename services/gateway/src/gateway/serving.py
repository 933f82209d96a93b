"""Migrates the database, then serves: see `python -m gateway --help`."""

import gc
import socket
import sys
from typing import Annotated

import structlog
import typer
import uvicorn
from fastapi import FastAPI
from sqlalchemy.exc import DatabaseError
from starlette.types import ASGIApp

from gateway.cases import sheets
from gateway.database import SessionFactory
from gateway.forwarded import ForwardedRequests
from gateway.main import create_app
from gateway.migrate import migrate, plain_errors
from gateway.networks import parse_proxies
from gateway.path_prefix import PathPrefix, places_of
from gateway.portal.pages import compile_templates
from gateway.ports import INTERNAL, TwoPorts
from gateway.prompt_readers import UNSENT_BYTES, PromptReaders
from gateway.settings import GatewaySettings, get_settings
from gateway.system.health import serve_probes

log = structlog.get_logger()


def main(
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port to listen on; 0 for any free port")] = 8000,
    internal_port: Annotated[
        int | None, typer.Option(help="port of the workers' API and the metrics, which are then not served on --port")
    ] = None,
    health_port: Annotated[
        int | None, typer.Option(help="second port for health probes, answered by threads of their own")
    ] = None,
    migrations: Annotated[bool, typer.Option(help="migrate the database first")] = True,
) -> None:
    """Serve the gateway."""
    settings = get_settings()
    if migrations:
        with plain_errors():
            migrate(settings.database_url, audit_key=settings.audit_secret)
    app = create_app(settings)
    adopt_reading_rule(app.state.sessions, settings)
    warm_up()
    config = uvicorn.Config(
        ForwardedRequests(served(app, internal_port, settings.root_path), parse_proxies(settings.trusted_proxies)),
        host=host,
        port=port,
        http=PromptReaders,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=15,
    )
    if health_port is not None:
        serve_probes(app.state, host, health_port)
    ports = [port] if internal_port is None else [port, internal_port]
    uvicorn.Server(config).run([_listen(host, each) for each in ports])


def served(app: FastAPI, internal_port: int | None, root_path: str) -> ASGIApp:
    """The application on its ports and below its path; what is internal is so by its address without the path."""
    ported = app if internal_port is None else TwoPorts(app, internal_port)
    return PathPrefix(ported, root_path, places_of(app.routes), INTERNAL) if root_path else ported


def adopt_reading_rule(sessions: SessionFactory, settings: GatewaySettings) -> None:
    """Apply the setting for double reading to existing cases; without a database, this is left to the next start."""
    try:
        with sessions.begin() as session:
            sheets.adopt(session, settings.reading_rule)
    except DatabaseError as error:
        log.warning("reading_rule_not_adopted", error=repr(error))


def warm_up() -> None:
    """Prepare what the first requests need, and exempt it from garbage collection."""
    compile_templates()
    gc.collect()
    gc.freeze()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=2048)
    # asyncio forgets it on sockets that it did not make itself, and then an answer of two packets waits 40 ms for the
    # other side's delayed acknowledgement. What is accepted inherits it.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if sys.platform == "linux":  # takes megabytes of an answer at once otherwise, which no client has taken yet
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
    return listener
