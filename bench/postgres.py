"""Runs a temporary PostgreSQL from the system's packages, for tests and benchmarks."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

_DISK = Path("/tmp")
_ROOM_BYTES = 2**31


def installed() -> bool:
    """Whether PostgreSQL is installed."""
    return bool(_binaries())


class PostgresServer:
    """A server in a temporary folder, which can be stopped and started again.

    Args:
        durable: Whether to wait for the disk as a real server does; tests need not.
        port: Port to listen on; by default a free one.
        follows: Address of a running server, to run as its hot standby.
    """

    def __init__(self, *, durable: bool = False, port: int | None = None, follows: str | None = None) -> None:
        self._folder = (_DISK if durable else _quick_folder()) / f"lobule-pg-{secrets.token_hex(4)}"
        self._folder.mkdir()
        self._process: subprocess.Popen[Any] | None = None
        self._started: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(self._folder, "postgres", "postgres")
            self._started |= {"user": "postgres", "group": "postgres", "extra_groups": []}
        port = port or free_port()
        self.address = f"postgresql+psycopg://lobule@127.0.0.1:{port}"
        self._tools, data = _binaries()[-1].parent, self._folder / "data"
        if follows is None:
            made = [self._tools / "initdb", "-D", data, "-A", "trust", "-U", "lobule", "-N"]
        else:
            leader = follows.replace("+psycopg", "")
            made = [self._tools / "pg_basebackup", "-d", leader, "-D", data, "-R", "-X", "stream", "-c", "fast"]
        subprocess.run(made, check=True, **self._started)
        options = ["-c", f"port={port}", "-c", f"unix_socket_directories={self._folder}"]
        self._command = [self._tools / "postgres", "-D", data, *options, *([] if durable else ["-c", "fsync=off"])]

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(self._command, **self._started)
        _wait_for(self.address)

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """Stop the server. SIGINT ends open sessions, SIGTERM would wait for them, SIGQUIT is a crash."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(20)

    def remove(self) -> None:
        """Stop the server and delete its folder."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


def free_port() -> int:
    """A port that is currently free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running_postgres(*, durable: bool = False) -> Iterator[str]:
    """Start a server in a temporary folder.

    Args:
        durable: See `PostgresServer`.

    Yields:
        The address of the server, to which a database's name is added: `…@127.0.0.1:PORT`.
    """
    server = PostgresServer(durable=durable)
    try:
        server.start()
        yield server.address
    finally:
        server.remove()


def new_database(server: str, template: str = "template1") -> str:
    """Create a database, empty or a copy of another one without connections; returns its address."""
    name = f"test_{secrets.token_hex(6)}"
    execute(f"{server}/postgres", f"CREATE DATABASE {name} TEMPLATE {template}")
    return f"{server}/{name}"


def drop_database(url: str) -> None:
    """Delete a database, even if clients are connected to it."""
    server, _, name = url.rpartition("/")
    execute(f"{server}/postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def execute(url: str, statement: str) -> None:
    """Run one statement outside of a transaction."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()


def _quick_folder() -> Path:
    """A folder in memory if there is room: a disk takes ten times the CPU time for the files of each new database."""
    in_memory = Path("/dev/shm")
    return in_memory if in_memory.is_dir() and shutil.disk_usage(in_memory).free > _ROOM_BYTES else _DISK


def _binaries() -> list[Path]:
    return sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


def _wait_for(address: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            execute(f"{address}/postgres", "SELECT 1")
            return
        except Exception as error:
            if time.monotonic() > deadline:
                raise TimeoutError("PostgreSQL does not come up") from error
            time.sleep(0.1)
