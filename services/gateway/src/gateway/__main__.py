"""`python -m gateway`: migrate the database, then serve."""

from typing import Annotated

import typer
import uvicorn

from gateway.migrate import migrate
from gateway.settings import get_settings


def main(
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option()] = 8000,
    migrations: Annotated[bool, typer.Option(help="migrate the database first")] = True,
    forwarded_allow_ips: Annotated[str, typer.Option(help="proxies whose X-Forwarded-* headers are believed")] = "",
) -> None:
    """Serve the gateway."""
    if migrations:
        migrate(get_settings().database_url)
    uvicorn.run(
        "gateway.main:create_app",
        factory=True,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(forwarded_allow_ips),
        forwarded_allow_ips=forwarded_allow_ips or None,
        timeout_graceful_shutdown=15,
    )


if __name__ == "__main__":
    typer.run(main)
