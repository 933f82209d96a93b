"""The whole system on one machine: Redis, gateway and workers, one process for each service."""

import errno
import importlib.util
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from redis.exceptions import RedisError

from lobule.launcher.errors import StartError
from lobule.launcher.home import Home
from lobule.launcher.redis_server import redis_command
from lobule.launcher.supervisor import Child, Supervisor
from lobule.progress_cache import ProgressCache
from lobule.queueing import QUEUES
from lobule.redis_address import connect
from lobule.settings import EX_CONFIG, variable

WORKER_MODULES = {"histo": "histo_worker.worker", "mammo": "mammo_worker.worker", "report": "report.worker"}
_START_S = 600.0  # on a busy machine, loading the models takes minutes
_RETENTION_FIRST_S, _RETENTION_EVERY_S = 600.0, 24 * 3600.0  # not while people wait for the start
ADMIN, DEMO = "admin", "demo"


@dataclass(frozen=True)
class RunningSystem:
    """A running system.

    Attributes:
        url: Address of the portal and the API.
        home: Its folder, with the passwords of `admin` and `demo`.
    """

    url: str
    home: Home


@contextmanager
def running_system(
    home_folder: Path, host: str, port: int, *, show_logs: bool, log_format: str, echo: Callable[[str], None]
) -> Iterator[RunningSystem]:
    """Start everything, wait until it is ready, and end everything on exit.

    Args:
        home_folder: Folder of secrets, database, objects and logs.
        host: Address that the gateway listens on.
        port: Its port; 0 for any free port.
        show_logs: Whether log lines also appear on the terminal.
        log_format: Format of log lines, `console` or `json`.
        echo: Called with the key of the sentence about the current activity.

    Raises:
        StartError: A service or Redis is missing, the folder or the port is in use, or a service does not start.
    """
    for module in ("gateway", *(name.split(".")[0] for name in WORKER_MODULES.values())):
        if importlib.util.find_spec(module) is None:
            raise StartError("service_missing", service=module)
    port = _free_port(host, port)
    url = address_of(host, port)
    home = Home.open(home_folder)
    with home.in_use():
        yield from _run(home, url, host, port, show_logs=show_logs, log_format=log_format, echo=echo)


def address_of(host: str, port: int) -> str:
    """The host by which this machine reaches a server that listens on `host`."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - looked up, not bound
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


def _run(
    home: Home, url: str, host: str, port: int, *, show_logs: bool, log_format: str, echo: Callable[[str], None]
) -> Iterator[RunningSystem]:
    run_folder = Path(tempfile.mkdtemp(prefix="lobule-"))  # a Unix socket's path must be short
    redis_socket = run_folder / "redis.sock"
    try:
        redis_url = variable("REDIS_URL")
        environment = home.environment(redis_url or f"unix://{redis_socket}", url, log_format)
    except OSError as error:  # the file of a setting
        run_folder.rmdir()
        raise StartError("settings_invalid", service="gateway", output=str(error)) from None
    supervisor = Supervisor(environment, home.folder / "logs", show_logs=show_logs)
    try:
        if redis_url is None:
            supervisor.start(Child("redis", redis_command(redis_socket)))
        echo("launcher.preparing")
        _prepare(home, environment)
        python = sys.executable
        supervisor.start(
            Child("gateway", [python, "-m", "gateway", "--host", host, "--port", str(port), "--no-migrations"], stage=1)
        )
        for queue, module in WORKER_MODULES.items():
            supervisor.start(Child(queue, [python, "-m", module], stage=2))
        echo("launcher.starting")
        _wait_until_ready(url, ProgressCache(connect(environment["LOBULE_REDIS_URL"])), home, supervisor)
        retention = Child("retention", [python, "-m", "lobule", "retention", "run"], stage=2)
        supervisor.repeat(retention, first_s=_RETENTION_FIRST_S, every_s=_RETENTION_EVERY_S)
        yield RunningSystem(url, home)
    finally:
        supervisor.close()
        shutil.rmtree(run_folder, ignore_errors=True)


def _free_port(host: str, port: int) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            code = "port_taken" if error.errno == errno.EADDRINUSE else "cannot_listen"
            raise StartError(code, port=port, host=host, reason=error.strerror) from None
        return probe.getsockname()[1]


def _prepare(home: Home, environment: dict[str, str]) -> None:
    """Migrate the database, and add the two users at the first start."""
    command = [sys.executable, "-m", "gateway.first_start", f"clinician:{DEMO}", f"admin:{ADMIN}"]
    secrets = "".join(f"{home.secrets[name]}\n" for name in ("demo_password", "admin_password"))
    done = subprocess.run(command, env=environment, input=secrets, text=True, capture_output=True, umask=0o077)
    if done.returncode == EX_CONFIG:
        raise StartError("settings_invalid", service="gateway", output=done.stderr.strip())
    if done.returncode != 0:
        raise StartError("database_failed", output=f"{done.stdout}{done.stderr}")


def _wait_until_ready(url: str, cache: ProgressCache, home: Home, supervisor: Supervisor) -> None:
    deadline = time.monotonic() + _START_S
    missing = ["gateway", *QUEUES]
    while time.monotonic() < deadline:
        missing = [name for name in missing if not _is_ready(name, url, cache)]
        if not missing:
            return
        if (child := supervisor.misconfigured) is not None:
            output = "".join(child.last_lines).strip()
            raise StartError("settings_invalid", service=child.name, output=output)
        time.sleep(0.1)
    raise StartError("not_ready", seconds=int(_START_S), services=", ".join(missing), folder=home.folder / "logs")


def _is_ready(name: str, url: str, cache: ProgressCache) -> bool:
    try:
        if name == "gateway":
            # The address is of HTTP; loading all CA certificates would take 25 ms of CPU time and more each time.
            answer = httpx.get(f"{url}/readyz", timeout=2, verify=False, trust_env=False)  # noqa: S501
            return answer.status_code == 200
        return bool(cache.workers(name))
    except (httpx.HTTPError, RedisError):
        return False
