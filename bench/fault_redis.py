"""Redis for the system of `bench/fault_world.py`: one, or one with a replica and three Sentinels that watch it."""

from pathlib import Path

from postgres import free_port

from lobule.launcher.redis_server import _executable

_MASTER = "lobule"
_PATIENCE_MS = 1500

Servers = tuple[str, dict[str, list[str]]]
"""The address of Redis for the services, and the commands of the processes by name."""


def plain_redis(folder: Path) -> Servers:
    """A single Redis."""
    port = free_port()
    return f"redis://127.0.0.1:{port}/0", {"redis": _redis(folder, port)}


def watched_redis(folder: Path) -> Servers:
    """A Redis, its replica, and three Sentinels, two of which must agree on a failover."""
    port, replica = free_port(), free_port()
    commands = {
        "redis": _redis(folder, port),
        "replica": [*_redis(folder, replica), "--replicaof", "127.0.0.1", str(port)],
    }
    sentinels = [free_port() for _ in range(3)]
    for number, own in enumerate(sentinels):
        file = folder / f"sentinel-{number}.conf"  # Sentinel rewrites its configuration
        file.write_text(
            f"port {own}\ndir {folder}\n"
            f"sentinel monitor {_MASTER} 127.0.0.1 {port} 2\n"
            f"sentinel down-after-milliseconds {_MASTER} {_PATIENCE_MS}\n"
            f"sentinel failover-timeout {_MASTER} 10000\n"
        )
        commands[f"sentinel-{number}"] = [_executable(), str(file), "--sentinel"]
    hosts = ",".join(f"127.0.0.1:{own}" for own in sentinels)
    return f"sentinel://{hosts}/0?master={_MASTER}", commands


def _redis(folder: Path, port: int) -> list[str]:
    keeps_nothing = ["--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", "0"]
    return [_executable(), "--port", str(port), *keeps_nothing, "--dir", str(folder)]
