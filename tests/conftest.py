"""The whole system, started once as an operator would start it embedded."""

import os
from collections.abc import Iterator

import pytest

from lobule.client import Client
from lobule.launcher.system import DEMO, RunningSystem, running_system


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSystem]:
    """Redis, gateway and all workers; short leases, and no mammography model, so that both can be seen failing."""
    changes = {
        "LOBULE_LEASE_SECONDS": "3",
        "LOBULE_REAP_EVERY_S": "0.5",
        "LOBULE_MAMMO_MODEL": "/nowhere/no-model",
    }
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    home = tmp_path_factory.mktemp("home")
    try:
        with running_system(home, "127.0.0.1", 0, show_logs=False, log_format="json", say=print) as system:
            yield system
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


@pytest.fixture(scope="session")
def password(system: RunningSystem) -> str:
    """The demo user's password."""
    return system.home.secrets["demo_password"]


@pytest.fixture
def lobule(system: RunningSystem, password: str) -> Iterator[Client]:
    """A client of the REST API."""
    with Client(system.url, DEMO, password) as client:
        yield client
