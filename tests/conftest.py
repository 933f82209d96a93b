"""The whole embedded system, started once as an operator starts it."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import postgres
import pytest
import yaml
from manifests import COMPONENTS, K8S, OVERLAYS
from servers import Servers, running_servers

from lobule.client import Client
from lobule.launcher import system as launcher
from lobule.launcher.system import DEMO, RunningSystem, running_system

Render = Callable[..., list[dict]]
"""Renders manifests; see the fixtures `render` and `with_components`."""


@pytest.fixture(scope="session")
def render() -> Callable[[str], list[dict]]:
    """Return a function that renders an overlay of k8s/ as an administrator does; needs kubectl or kustomize."""
    kubectl = os.environ.get("LOBULE_KUBECTL") or shutil.which("kubectl")
    if kubectl is None and not shutil.which("kustomize"):
        pytest.skip("no kubectl and no kustomize: install one, or name kubectl in LOBULE_KUBECTL")
    command = ["kustomize", "build"] if kubectl is None else [kubectl, "kustomize"]

    def rendered(overlay: str) -> list[dict]:
        done = subprocess.run([*command, K8S / "overlays" / overlay], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "deprecated" not in done.stderr.lower(), done.stderr
        return list(yaml.load_all(done.stdout, yaml.CSafeLoader))  # in Python it takes ten times as long

    return rendered


@pytest.fixture(scope="session", params=OVERLAYS)
def overlay(request: pytest.FixtureRequest) -> str:
    """The name of an overlay of k8s/."""
    return request.param


@pytest.fixture(scope="session")
def documents(
    overlay: str, render: Callable[..., list[dict]], with_components: Callable[..., list[dict]]
) -> list[dict]:
    """The documents of an overlay."""
    return with_components(*COMPONENTS) if overlay == "everything" else render(overlay)


@pytest.fixture(scope="session")
def with_components(
    render: Callable[..., list[dict]], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., list[dict]]:
    """Return a function that renders the overlay `cpu` with components and changes of the kustomization."""

    def rendered(*names: str, **changes) -> list[dict]:
        here = tmp_path_factory.mktemp("overlay")
        folder = Path(os.path.relpath(K8S, here))
        wanted = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "namespace": "lobule",
            "resources": [str(folder / "overlays/cpu")],
            "components": [str(folder / "components" / name) for name in names],
            **changes,
        }
        (here / "kustomization.yaml").write_text(yaml.safe_dump(wanted))
        return render(here)

    return rendered


class SharedSystem:
    """A system that test modules share, started for the first that needs it and closed by the last.

    Args:
        home: Its folder.
        prepare: Changes the environment for its start.

    Attributes:
        servers: Servers that it uses; None: SQLite, and a Redis and a folder of its own.
    """

    def __init__(
        self, home: Path, prepare: Callable[[pytest.MonkeyPatch], None], servers: Servers | None = None
    ) -> None:
        self._home, self._prepare, self._stack = home, prepare, ExitStack()
        self._running: RunningSystem | None = None
        self.servers = servers

    def start(self) -> RunningSystem:
        """Return the system, started if it is not running."""
        if self._running is None:
            with pytest.MonkeyPatch.context() as patch:  # only for the start, because other systems have their own
                self._prepare(patch)
                starting = running_system(self._home, "127.0.0.1", 0, show_logs=False, log_format="json", echo=print)
                self._running = self._stack.enter_context(starting)
        return self._running

    def close(self) -> None:
        """End the system: an idle one takes 4 % of a core, and the models gigabytes of memory."""
        self._stack.close()
        self._running = None


@pytest.fixture(scope="session")
def system_with_short_leases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedSystem]:
    """Gateway and all workers, without a mammography model; lost workers are noticed after three seconds.

    The modules that `.ci/parallel.py` runs in one process share it.
    """

    def prepare(patch: pytest.MonkeyPatch) -> None:
        patch.setenv("LOBULE_LEASE_SECONDS", "3")
        patch.setenv("LOBULE_REAP_EVERY_S", "0.5")
        patch.setenv("LOBULE_MAX_ATTEMPTS", "10")  # a machine that stalls for seconds uses up attempts
        patch.setenv("LOBULE_MAMMO_MODEL", "/nowhere/no-model")
        patch.setenv("LOBULE_WEBHOOK_NETWORKS", "127.0.0.0/8")

    with closing(SharedSystem(tmp_path_factory.mktemp("home"), prepare)) as shared:
        yield shared


@pytest.fixture(scope="module")
def system(system_with_short_leases: SharedSystem) -> RunningSystem:
    """The system of most tests."""
    return system_with_short_leases.start()


@pytest.fixture(scope="session")
def system_with_models(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SharedSystem]:
    """Gateway and all workers with both models, on separate servers if PostgreSQL is installed.

    The modules that `.ci/parallel.py` runs in one process share it.
    """

    def prepare(patch: pytest.MonkeyPatch) -> None:
        for name, value in (servers.environment if servers else {}).items():
            patch.setenv(name, value)

    with ExitStack() as stack:
        servers = None
        if postgres.installed():
            servers = stack.enter_context(running_servers(request.getfixturevalue("postgres_server")))
        with closing(SharedSystem(tmp_path_factory.mktemp("home-of-models"), prepare, servers)) as shared:
            yield shared


@pytest.fixture(scope="module")
def password(system: RunningSystem) -> str:
    """The demo user's password."""
    return system.home.secrets["demo_password"]


@pytest.fixture
def lobule(system: RunningSystem, password: str) -> Iterator[Client]:
    """A client of the REST API."""
    with Client(system.url, DEMO, password) as client:
        yield client


@pytest.fixture(scope="session")
def own_package(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working directory of a researcher who has made `packages/mine` from custom fields."""
    from own_histology import make_package

    folder = tmp_path_factory.mktemp("own")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        make_package(shared_data / "breakhis")
    return folder


@pytest.fixture(scope="session")
def system_with_additions(own_package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedSystem]:
    """The usual gateway and report service with a third modality's worker and a histology worker with a custom
    package."""
    from own_histology import served_by

    toy = Path(__file__).parent / "toy_modality"
    modules = {name: launcher.WORKER_MODULES[name] for name in ("report", "histo")}
    workers = {"us-toy": "ultrasound_toy.worker", **modules}

    def prepare(patch: pytest.MonkeyPatch) -> None:
        patch.chdir(own_package)
        patch.syspath_prepend(str(toy))
        patch.setenv("PYTHONPATH", str(toy), prepend=":")
        patch.setattr(launcher, "WORKER_MODULES", workers)
        patch.setattr(launcher, "QUEUES", tuple(workers))
        for name, value in served_by().items():
            patch.setenv(name, value)

    with closing(SharedSystem(tmp_path_factory.mktemp("home-of-additions"), prepare)) as shared:
        yield shared
