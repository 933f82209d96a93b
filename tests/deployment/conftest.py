"""The containers, built from the checkout and run by docker compose or a compatible command.

`LOBULE_COMPOSE` is the command (`docker compose`, `podman-compose`), `LOBULE_ENGINE` the engine (`docker`, `podman`);
without the first one these tests are skipped. Building takes minutes and several gigabytes; `LOBULE_BUILD=no` uses the
existing images.
"""

import os
import secrets
import shlex
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from lobule.client import ApiError, Client

REPOSITORY = Path(__file__).parents[2]
PASSWORD = "a password of the tests"


@dataclass(frozen=True)
class Deployment:
    """A running project of containers.

    Attributes:
        url: Address of the proxy.
        secrets: Folder of its secrets, including the certificate.
        seconds_to_ready: Seconds from `up` until it accepted uploads and every worker was ready.
    """

    compose: list[str]
    engine: list[str]
    project: str
    environment: dict[str, str]
    url: str
    secrets: Path
    seconds_to_ready: dict[str, float]

    def run_compose(self, *arguments: str, seconds: float = 900) -> str:
        """Run docker compose."""
        command = [*self.compose, "-f", str(REPOSITORY / "docker-compose.yml"), "-p", self.project, *arguments]
        return _run(command, self.environment, seconds)

    def run_engine(self, *arguments: str, stdin: str | None = None, seconds: float = 120) -> str:
        """Run docker."""
        return _run([*self.engine, *arguments], self.environment, seconds, stdin)

    def containers(self, service: str) -> list[str]:
        """The ids of a service's containers."""
        labels = (f"com.docker.compose.project={self.project}", f"com.docker.compose.service={service}")
        filters = [part for label in labels for part in ("--filter", f"label={label}")]
        return self.run_engine("ps", "-aq", *filters).split()

    def container(self, service: str) -> str:
        """The id of a service's container; the newest if it is scaled."""
        return self.containers(service)[0]

    def restart(self, service: str) -> None:
        """Stop a service gracefully and start it; podman's own restart would need its dependencies."""
        container = self.container(service)
        self.run_engine("stop", "-t", "60", container, seconds=180)
        self.run_engine("start", container)

    def python(self, service: str, program: str) -> str:
        """Run Python inside a service's container."""
        return self.run_engine("exec", self.container(service), "python", "-c", program)

    def memory(self) -> str:
        """The memory use of each container of this project, one per line."""
        label = f"label=com.docker.compose.project={self.project}"
        running = self.run_engine("ps", "-q", "--filter", label).split()
        return self.run_engine("stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}", *running)

    def client(self, username: str = "dr.lee", patience_s: float = 60) -> Client:
        """A client for its API."""
        return Client(
            self.url, username, PASSWORD, patience_s=patience_s, ca=self.secrets / "tls_certificate", timeout_s=60
        )


def _run(command: list[str], environment: dict[str, str], seconds: float, stdin: str | None = None) -> str:
    done = subprocess.run(
        command, cwd=REPOSITORY, env=environment, input=stdin, text=True, capture_output=True, timeout=seconds
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Build and start everything with a user; take it down with its volumes at the end."""
    compose = shlex.split(os.environ.get("LOBULE_COMPOSE", ""))
    if not compose:
        pytest.skip("no containers: set LOBULE_COMPOSE, such as to 'docker compose' (and LOBULE_ENGINE to 'docker')")
    engine = shlex.split(os.environ.get("LOBULE_ENGINE", compose[0] if compose[0] == "docker" else "podman"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("deployment")
    url = f"https://localhost:{port}"
    environment = os.environ | {
        "LOBULE_PUBLIC_URL": url,
        "LOBULE_HTTPS_PORT": str(port),
        "LOBULE_SECRETS": str(folder / "secrets"),
        "BUILDAH_FORMAT": "docker",  # the other format does not support health checks
    }
    _run([str(REPOSITORY / "k8s" / "draw-secrets"), str(folder / "secrets")], environment, 60)
    project = f"lobule-test-{secrets.token_hex(3)}"
    times: dict[str, float] = {}
    running = Deployment(compose, engine, project, environment, url, folder / "secrets", times)
    try:
        if os.environ.get("LOBULE_BUILD") != "no":
            running.run_compose("--profile", "dicom", "build", seconds=3000)  # the tests of the Pods need its image
        started = time.monotonic()
        running.run_compose("up", "-d")
        _until(lambda: _accepts(running), "the gateway", 300)
        times["gateway"] = time.monotonic() - started
        add = ("lobule", "user", "add", "--password-stdin", "dr.lee")
        running.run_engine("exec", "-i", running.container("gateway"), *add, stdin=PASSWORD)
        with running.client() as client:
            _until(lambda: all(status["model"] for status in client.models()), "the workers", 600)
        times["workers"] = time.monotonic() - started
        yield running
    finally:
        for service in ("gateway", "histo-worker"):
            if os.environ.get("LOBULE_SHOW_LOGS"):
                print(running.run_engine("logs", "--tail", "60", running.container(service)))
        for container in running.containers("histo-worker"):
            running.run_engine("rm", "-f", container)  # podman-compose does not remove scaled containers
        running.run_compose("down", "-v", "-t", "20")


def _accepts(running: Deployment) -> bool:
    try:
        context = ssl.create_default_context(cafile=running.secrets / "tls_certificate")
        return httpx.get(f"{running.url}/readyz", verify=context, timeout=3).status_code == 200
    except httpx.TransportError:
        return False


def _until(works, what: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if works():
                return
        except ApiError:
            pass
        assert time.monotonic() < deadline, f"{what} did not come up in {seconds} s"
        time.sleep(0.5)
