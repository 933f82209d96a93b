"""The system that faults are inflicted on: real PostgreSQL, Redis and processes, on a store whose disk can be filled.

Inference workers sleep instead of computing (`bench/sleeping_worker.py`); the report service is the real one. Workers
reach the gateway through a relay that can be cut. Two webhooks are told of each job: one receiver counts, one never
ends its answer.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import psutil
from cut_connections import Relay
from postgres import PostgresServer, new_database
from redis import Redis
from sqlalchemy import Engine, create_engine, text

from lobule.launcher.redis_server import _executable
from lobule.launcher.supervisor import Child, Supervisor

HERE = Path(__file__).parent
DISK_BYTES, RESERVE_BYTES = 96 * 1024 * 1024, 8 * 1024 * 1024
_FAST = {
    "LOBULE_LEASE_SECONDS": "4",
    "LOBULE_REAP_EVERY_S": "1",
    "LOBULE_RETRY_PAUSE_S": "0.5",
    "LOBULE_WEBHOOK_EVERY_S": "0.5",
    "LOBULE_RESERVE_BYTES": str(RESERVE_BYTES),
    "LOBULE_BENCH_SLEEP_S": "0.5",
}


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class World:
    """A running system with hands on all of its parts.

    Args:
        folder: For its files.
        workers: Of inference.
    """

    def __init__(self, folder: Path, workers: int = 2) -> None:
        self.folder, self.store, self.told = folder, folder / "objects", Counter[str]()
        self.store.mkdir()
        self.has_disk = _mount(self.store)
        self.postgres = PostgresServer(durable=True)
        self.postgres.start()
        redis_port, self._gateway_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self._gateway_port}"
        self.network = Relay(self._gateway_port)
        self.redis = Redis(port=redis_port, socket_timeout=2)
        database = new_database(self.postgres.address)
        self.database: Engine = create_engine(database, pool_pre_ping=True)
        self._environment = (
            os.environ
            | _FAST
            | {
                "LOBULE_DATABASE_URL": database,
                "LOBULE_REDIS_URL": f"redis://127.0.0.1:{redis_port}/0",
                "LOBULE_OBJECT_STORE_URL": self.store.as_uri(),
                "LOBULE_INTERNAL_TOKEN": secrets.token_urlsafe(32),
                "LOBULE_SECRET_KEY": secrets.token_urlsafe(32),
                "LOBULE_SECURE_COOKIES": "false",
                "LOBULE_WEBHOOK_NETWORKS": "127.0.0.0/8",
                "LOBULE_GATEWAY_URL": f"http://127.0.0.1:{self.network.port}",
                "LOBULE_LOG_FORMAT": "json",
                "PYTHONPATH": str(HERE),
                "OMP_NUM_THREADS": "1",
            }
        )
        (folder / "logs").mkdir()
        self._supervisor = Supervisor(self._environment, folder / "logs", show_logs=False)
        self.children: dict[str, Child] = {}
        self._add("redis", [_executable(), "--port", str(redis_port), "--save", "", "--dir", str(folder)])
        self._run("gateway.migrate")
        self._add("gateway", [sys.executable, "-m", "gateway", "--port", str(self._gateway_port), "--no-migrations"])
        self._add("report", [sys.executable, "-m", "report.worker"])
        for number in range(workers):
            self._add(f"histo-{number}", [sys.executable, "-m", "sleeping_worker"])
        self._password = secrets.token_urlsafe(12)
        self._run("lobule.cli", "user", "add", "--password-stdin", "sender", stdin=self._password)
        self.until(lambda: len(self.ready("histo")) == workers and bool(self.ready("report")) and self.is_ready())
        self.headers = self._log_in()
        self._receivers = [_receiver(self.told), _dripping_receiver()]
        for server in self._receivers:
            self.post("/api/v1/webhooks", json={"url": f"http://127.0.0.1:{server.server_address[1]}/hook"})

    def _add(self, name: str, command: list[str]) -> None:
        self.children[name] = Child(name, command, stage=0 if name == "redis" else 1)
        self._supervisor.start(self.children[name])

    def _run(self, module: str, *arguments: str, stdin: str = "") -> None:
        command = [sys.executable, "-m", module, *arguments]
        subprocess.run(command, env=self._environment, input=stdin, text=True, check=True, capture_output=True)

    def _log_in(self) -> dict[str, str]:
        said = {"username": "sender", "password": self._password}
        access = httpx.post(f"{self.url}/api/v1/auth/token", json=said, timeout=60).raise_for_status().json()
        bearer = {"Authorization": f"Bearer {access['access_token']}"}
        body = {"name": "faults", "scopes": ["read", "write"]}
        made = httpx.post(f"{self.url}/api/v1/tokens", json=body, headers=bearer, timeout=60).raise_for_status()
        return {"Authorization": f"Bearer {made.json()['secret']}"}

    def close(self) -> None:
        """End everything."""
        self.unmake_faults()
        self._supervisor.close()
        for server in getattr(self, "_receivers", ()):
            server.shutdown()
        self.network.close()
        self.database.dispose()
        self.postgres.remove()
        if self.has_disk:
            subprocess.run(["umount", "--lazy", self.store], check=False)

    def unmake_faults(self) -> None:
        """Let stopped processes go on, and the network and the disk work."""
        self.network.blocked = False
        for name in self.children:
            for process in self.processes(name):
                with suppress(psutil.Error):
                    process.resume()

    # What faults need.

    def processes(self, name: str) -> list[psutil.Process]:
        """A process and those that it started, itself first."""
        child = self.children[name].process
        if child is None:
            return []
        try:
            main = psutil.Process(child.pid)
            return [main, *main.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def kill(self, name: str) -> None:
        """SIGKILL a process and all that it started; it is started again."""
        for process in self.processes(name):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)

    def is_ready(self) -> bool:
        """Whether the gateway accepts uploads."""
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def ready(self, queue: str) -> list[Any]:
        """The workers of a queue that say that they are ready."""
        with suppress(Exception):
            return list(self.redis.scan_iter(f"lobule:worker:{queue}:*"))
        return []

    def until(self, holds: Any, seconds: float = 180, pause: float = 0.1) -> bool:
        """Wait until something holds; whether it did in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with suppress(Exception):
                if holds():
                    return True
            time.sleep(pause)
        return False

    def post(self, path: str, **request: Any) -> httpx.Response:
        """A request as the sender."""
        return httpx.post(self.url + path, headers=self.headers, timeout=60, **request).raise_for_status()

    def rows(self, query: str, **values: Any) -> list[Any]:
        """What the database says."""
        with self.database.connect() as connection:
            return list(connection.execute(text(query), values))

    def running(self, step: str) -> bool:
        """Whether a worker holds such a step."""
        return bool(self.rows("SELECT 1 FROM steps WHERE state = 'running' AND name = :step", step=step))


@contextmanager
def running_world(workers: int = 2) -> Iterator[World]:
    """The system, for a while."""
    folder = Path(tempfile.mkdtemp(prefix="lobule-faults-"))
    world: World | None = None
    try:
        world = World(folder, workers)
        yield world
    finally:
        if world is not None:
            world.close()
        shutil.rmtree(folder, ignore_errors=True)


def _mount(folder: Path) -> bool:
    """Give the store a small disk of its own; False where that is not allowed."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=700", "tmpfs", str(folder)]
    return os.geteuid() == 0 and subprocess.run(command, check=False, capture_output=True).returncode == 0


def _receiver(told: Counter[str]) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            told[self.headers["webhook-id"]] += 1
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    return _serving(Handler)


def _dripping_receiver() -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            with suppress(OSError):
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Drip: ")
                while True:
                    self.wfile.write(b"a")
                    time.sleep(1)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return _serving(Handler)


def _serving(handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
