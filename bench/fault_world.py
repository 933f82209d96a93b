"""The system that faults are inflicted on: real PostgreSQL, Redis and processes, on a store whose disk can be filled.

Inference workers sleep instead of computing (`bench/sleeping_worker.py`); the report service is the real one. Workers
reach the gateway through a relay that can be cut. Two webhooks are told of each job: one receiver counts, one never
ends its answer.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
from cut_connections import Relay
from fault_parts import RESERVE_BYTES, Clock, FaultyS3, dripping_receiver, mount, receiver, remount
from postgres import PostgresServer, execute, free_port, new_database
from redis import Redis
from sqlalchemy import Engine, create_engine, text

from lobule.launcher.redis_server import _executable
from lobule.launcher.supervisor import Child, Supervisor

HERE = Path(__file__).parent
LEASE_S = 4
_SET_UP = """
import os, sys
from gateway.migrate import migrate
from gateway.accounts.commands import app
migrate(os.environ["LOBULE_DATABASE_URL"])
app(["add", "--password-stdin", "sender"])
"""
_FAST = {
    "LOBULE_LEASE_SECONDS": str(LEASE_S),
    "LOBULE_REAP_EVERY_S": "1",
    "LOBULE_RETRY_PAUSE_S": "0.5",
    "LOBULE_WEBHOOK_EVERY_S": "0.5",
    "LOBULE_RESERVE_BYTES": str(RESERVE_BYTES),
    "LOBULE_BENCH_SLEEP_S": "0.5",
}


class World:
    """A running system with hands on all of its parts.

    Args:
        folder: For its files.
        workers: Of inference.
        s3: Where the objects are; on the disk without. With it, the gateway's clock can be stepped.

    Attributes:
        has: What can be inflicted: `disk` (the store has a small one of its own), `s3` and `clock`.
    """

    def __init__(self, folder: Path, workers: int = 2, s3: FaultyS3 | None = None) -> None:
        self.folder, self.store, self.told, self.s3 = folder, folder / "objects", Counter[str](), s3
        self.store.mkdir()
        self.clock = Clock(folder)
        self.has = {"disk"} if mount(self.store) else set[str]()
        if s3 is not None:
            self.has |= {"s3", "clock"} if self.clock.command else {"s3"}
        self.postgres = PostgresServer(durable=True)
        self.postgres.start()
        redis_port, self._gateway_port, self._standby_port = free_port(), free_port(), free_port()
        self.url = f"http://127.0.0.1:{self._gateway_port}"
        self.network = Relay(self._gateway_port)
        self.redis = Redis(port=redis_port, socket_timeout=2)
        leader, _, name = new_database(self.postgres.address).rpartition("/")
        database = f"postgresql+psycopg://lobule@/{name}?host={leader.rpartition('@')[2]}"
        database += f"&host=127.0.0.1:{self._standby_port}&target_session_attrs=read-write"
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
            | (s3.environment if s3 else {})
        )
        (folder / "logs").mkdir()
        self._supervisor = Supervisor(self._environment, folder / "logs", show_logs=False)
        self.children: dict[str, Child] = {}
        self._add("redis", [_executable(), "--port", str(redis_port), "--save", "", "--dir", str(folder)])
        self._add("report", [sys.executable, "-m", "report.worker"])
        for number in range(workers):
            self._add(f"histo-{number}", [sys.executable, "-m", "sleeping_worker"])
        self._password = secrets.token_urlsafe(12)
        set_up = [sys.executable, "-c", _SET_UP]
        subprocess.run(set_up, env=self._environment, input=self._password, text=True, check=True, capture_output=True)
        serve = [sys.executable, "-m", "gateway", "--port", str(self._gateway_port), "--no-migrations"]
        self._add("gateway", [*(self.clock.command if "clock" in self.has else []), *serve])
        self.until(lambda: len(self.ready("histo")) == workers and bool(self.ready("report")) and self.is_ready())
        self.headers = self._log_in()
        self._receivers = [receiver(self.told), dripping_receiver()]
        for server in self._receivers:
            self.post("/api/v1/webhooks", json={"url": f"http://127.0.0.1:{server.server_address[1]}/hook"})

    def _add(self, name: str, command: list[str]) -> None:
        self.children[name] = Child(name, command, stage=0 if name == "redis" else 1)
        self._supervisor.start(self.children[name])

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
        self._supervisor.kill()
        for server in getattr(self, "_receivers", ()):
            server.shutdown()
        self.network.close()
        self.database.dispose()
        self.postgres.remove()
        if "disk" in self.has:
            subprocess.run(["umount", "--lazy", self.store], check=False)

    def unmake_faults(self) -> None:
        """Let stopped processes go on, and the network, the disk, the store and the clock work."""
        self.network.blocked = False
        self.clock.step(0)
        if self.s3 is not None:
            self.s3.failing, self.s3.pause_s = False, 0.0
        if "disk" in self.has:
            remount(self.store, "rw")
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

    def fail_over(self) -> None:
        """Add a standby that PostgreSQL waits for at each commit, let the leader crash, and promote the standby."""
        leader = self.postgres
        standby = PostgresServer(durable=True, port=self._standby_port, follows=leader.address)
        standby.start()
        for statement in ("ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"):
            execute(f"{leader.address}/postgres", statement)
        waits = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"
        if not self.until(lambda: self.rows(waits), 60):
            raise TimeoutError("the standby does not follow")
        leader.stop(signal.SIGQUIT)
        leader.remove()
        self.postgres = standby
        execute(f"{standby.address}/postgres", "SELECT pg_promote()")

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
def running_world(workers: int = 2, s3: FaultyS3 | None = None) -> Iterator[World]:
    """The system, for a while."""
    folder = Path(tempfile.mkdtemp(prefix="lobule-faults-"))
    world: World | None = None
    try:
        world = World(folder, workers, s3)
        yield world
    finally:
        if world is not None:
            world.close()
        shutil.rmtree(folder, ignore_errors=True)
