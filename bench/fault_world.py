"""A system for fault injection: real PostgreSQL, Redis and processes, with a store whose disk can be filled.

Inference workers sleep instead of computing (`bench/sleeping_worker.py`); the report service is the real one. Workers
reach the gateway through a relay that can be cut. Two webhooks receive each job's events: one receiver counts them, the
other never ends its answer.
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
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
from cut_connections import Relay
from fault_parts import RESERVE_BYTES, Clock, FaultyS3, dripping_receiver, mount, receiver, remount
from fault_redis import plain_redis, watched_redis
from postgres import PostgresServer, execute, free_port, new_database
from redis.sentinel import SentinelConnectionPool
from sqlalchemy import Engine, create_engine, text

from lobule.launcher.supervisor import Child, Supervisor
from lobule.redis_address import connect

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
    """A running system whose parts can be stopped and disturbed.

    Args:
        folder: Folder for its files.
        workers: Number of workers for histopathology; there is one for mammography.
        s3: The object store; None for the disk. With S3, the gateway's clock can be stepped.
        watched: Whether Redis has a replica and three Sentinels that can promote it.

    Attributes:
        has: The parts that faults can use: `disk` (a small one for the store), `s3`, `clock` and `sentinel`.
    """

    def __init__(self, folder: Path, workers: int = 2, s3: FaultyS3 | None = None, *, watched: bool = False) -> None:
        self.folder, self.store, self.deliveries, self.s3 = folder, folder / "objects", Counter[str](), s3
        self.has, self.children = set[str](), dict[str, Child]()
        self._workers, self._watched = workers, watched
        self._gateway_port, self._standby_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self._gateway_port}"
        self.clock, self.network = Clock(folder), Relay(self._gateway_port)
        self._ends = ExitStack()
        self._ends.callback(self.network.close)

    def start(self) -> None:
        """Start everything. `close` ends what was started, also if this method raises."""
        self.store.mkdir()
        if mount(self.store):
            self.has.add("disk")
            self._ends.callback(subprocess.run, ["umount", "--lazy", self.store], check=False)
        if self.s3 is not None:
            self.has |= {"s3", "clock"} if self.clock.command else {"s3"}
        self.postgres = PostgresServer(durable=True)
        self._ends.callback(lambda: self.postgres.remove())
        self.postgres.start()
        leader, _, name = new_database(self.postgres.address).rpartition("/")
        database = f"postgresql+psycopg://lobule@/{name}?host={leader.rpartition('@')[2]}"
        database += f"&host=127.0.0.1:{self._standby_port}&target_session_attrs=read-write"
        self.database: Engine = create_engine(database, pool_pre_ping=True)
        self._ends.callback(self.database.dispose)
        redis_url, servers = (watched_redis if self._watched else plain_redis)(self.folder)
        self.redis = connect(redis_url)
        self._environment = (
            os.environ
            | _FAST
            | {
                "LOBULE_DATABASE_URL": database,
                "LOBULE_REDIS_URL": redis_url,
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
            | (self.s3.environment if self.s3 else {})
        )
        (self.folder / "logs").mkdir()
        self._supervisor = Supervisor(self._environment, self.folder / "logs", show_logs=False)
        self._ends.callback(self._supervisor.kill)
        for name, command in servers.items():
            self._add(name, command)
        if self._watched:
            self.has.add("sentinel")
        self._add("report", [sys.executable, "-m", "report.worker"])
        for number in range(self._workers):
            self._add(f"histo-{number}", [sys.executable, "-m", "sleeping_worker"])
        self._add("mammo", [sys.executable, "-m", "sleeping_worker", "mammography"])
        self._password = secrets.token_urlsafe(12)
        set_up = [sys.executable, "-c", _SET_UP]
        subprocess.run(set_up, env=self._environment, input=self._password, text=True, check=True, capture_output=True)
        serve = [sys.executable, "-m", "gateway", "--port", str(self._gateway_port), "--no-migrations"]
        self._add("gateway", [*(self.clock.command if "clock" in self.has else []), *serve])
        if not self.until(
            lambda: (
                len(self.ready("histo")) == self._workers
                and all(map(self.ready, ("mammo", "report")))
                and self.is_ready()
            )
        ):
            raise TimeoutError("the system does not become ready")
        self.headers = self._log_in()
        self._receivers = [receiver(self.deliveries), dripping_receiver()]
        for server in self._receivers:
            self._ends.callback(server.shutdown)
        for server in self._receivers:
            self.post("/api/v1/webhooks", json={"url": f"http://127.0.0.1:{server.server_address[1]}/hook"})

    def _add(self, name: str, command: list[str]) -> None:
        self.children[name] = Child(name, command, stage=1 if command[0] == sys.executable else 0)
        self._supervisor.start(self.children[name])

    def _log_in(self) -> dict[str, str]:
        login = {"username": "sender", "password": self._password}
        access = httpx.post(f"{self.url}/api/v1/auth/token", json=login, timeout=60).raise_for_status().json()
        bearer = {"Authorization": f"Bearer {access['access_token']}"}
        body = {"name": "faults", "scopes": ["read", "write"]}
        made = httpx.post(f"{self.url}/api/v1/tokens", json=body, headers=bearer, timeout=60).raise_for_status()
        return {"Authorization": f"Bearer {made.json()['secret']}"}

    def close(self) -> None:
        """End everything that was started."""
        self.unmake_faults()
        self._ends.close()

    def unmake_faults(self) -> None:
        """Undo all faults: resume stopped processes, and restore the network, the disk, the store and the clock."""
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

    # Actions for faults.

    def processes(self, name: str) -> list[psutil.Process]:
        """A process and its descendants, itself first."""
        child = self.children[name].process
        if child is None:
            return []
        try:
            main = psutil.Process(child.pid)
            return [main, *main.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def kill(self, name: str) -> None:
        """SIGKILL a process and its descendants; it is restarted."""
        for process in self.processes(name):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)

    def fail_over(self) -> None:
        """Add a synchronous standby, crash the leader, and promote the standby."""
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

    def redis_fails_over(self) -> None:
        """Stop the master for longer than Sentinel's timeout, and kill it once Sentinel has named another one."""
        old = self._master()
        [name] = [each for each in ("redis", "replica") if self.children[each].command[2] == str(old)]
        for process in self.processes(name):
            process.suspend()
        if not self.until(lambda: self._master() != old, 60):
            raise TimeoutError("the replica is not promoted")
        self.kill(name)  # after its restart, it follows the new master

    def _master(self) -> int:
        """The port of the Redis that Sentinel names as master."""
        pool = self.redis.connection_pool
        assert isinstance(pool, SentinelConnectionPool)
        pool.reset()
        return int(pool.get_master_address()[1])

    def is_ready(self) -> bool:
        """Whether the gateway accepts uploads."""
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def ready(self, queue: str) -> list[Any]:
        """The workers of a queue that report that they are ready."""
        with suppress(Exception):
            return list(self.redis.scan_iter(f"lobule:worker:{queue}:*"))
        return []

    def until(self, holds: Any, seconds: float = 180, pause: float = 0.1) -> bool:
        """Wait until a condition holds; returns whether it did in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with suppress(Exception):
                if holds():
                    return True
            time.sleep(pause)
        return False

    def post(self, path: str, **request: Any) -> httpx.Response:
        """Send a request as the user `sender`."""
        return httpx.post(self.url + path, headers=self.headers, timeout=60, **request).raise_for_status()

    def rows(self, query: str, **values: Any) -> list[Any]:
        """The rows of a database query."""
        with self.database.connect() as connection:
            return list(connection.execute(text(query), values))

    def running(self, step: str) -> bool:
        """Whether a worker is running such a step."""
        return bool(self.rows("SELECT 1 FROM steps WHERE state = 'running' AND name = :step", step=step))


@contextmanager
def running_world(workers: int = 2, s3: FaultyS3 | None = None, *, watched: bool = False) -> Iterator[World]:
    """Run the system until the context ends."""
    folder = Path(tempfile.mkdtemp(prefix="lobule-faults-"))
    world = World(folder, workers, s3, watched=watched)
    try:
        world.start()
        yield world
    finally:
        world.close()
        shutil.rmtree(folder, ignore_errors=True)
