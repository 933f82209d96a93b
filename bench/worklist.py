"""Measures pages of the worklist with many cases: `python bench/worklist.py [--cases 1000] [--postgres]`.

Fills an empty database with cases (in all states of a case with one reader), then requests pages from the real
application over its ASGI interface: authentication, query, validation and JSON are included, the network is not. Prints
median and worst times.
"""

import argparse
import random
import statistics
import tempfile
import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

from fastapi.testclient import TestClient
from postgres import new_database, running_postgres

from gateway.cases.models import Case
from gateway.cases.service import urgency_of
from gateway.clock import now
from gateway.database import make_engine, make_session_factory
from gateway.main import create_app
from gateway.migrate import migrate
from gateway.serving import warm_up
from gateway.settings import GatewaySettings
from gateway.users.models import User
from gateway.users.passwords import hash_password
from lobule.contracts.case import CaseState, Conclusion
from lobule.contracts.result import Assessment

QUERIES = (
    "",  # suspected first
    "sort=newest",
    "sort=oldest",
    "sort=pseudonym",
    "q=0042",
    "state=ready&assessment=malignancy_suspected",
    "cursor",  # the next page
)
STATES: tuple[CaseState, ...] = ("empty", "analysing", "ready", "failed", "signed")
ASSESSMENTS: tuple[Assessment | None, ...] = ("malignancy_suspected", "not_sure", "no_sign_of_malignancy", None)


def fill(url: str, count: int) -> None:
    """Add a clinician, an administrator and the clinician's cases."""
    chance = random.Random(0)
    with make_session_factory(make_engine(url)).begin() as session:
        people = [
            User(username=name, display_name=name, password_hash=hash_password("a long password"), role=role)
            for name, role in (("clinician", "clinician"), ("admin", "admin"))
        ]
        session.add_all(people)
        session.flush()
        for number in range(count):
            assessment = chance.choice(ASSESSMENTS)
            conclusion = Conclusion(
                assessment=assessment, probability_malignant=chance.random() if assessment else None
            )
            session.add(
                Case(
                    owner_id=people[0].id,
                    pseudonym=f"P-{number:05d}",
                    created_at=now() - timedelta(minutes=chance.randrange(500_000)),
                    state=chance.choice(STATES),
                    assessment=assessment,
                    urgency=urgency_of(conclusion),
                    probability_malignant=conclusion.probability_malignant,
                    images_total=4,
                    images_done=4,
                )
            )


def measure(client: TestClient, path: str, headers: dict[str, str], times: int) -> str:
    """Milliseconds of the answers: elapsed, and in processor time, which other work on the machine does not affect."""
    laps, work = [], []
    for _ in range(times):
        started, worked = time.perf_counter(), time.process_time()
        answer = client.get(path, headers=headers)
        laps.append((time.perf_counter() - started) * 1000)
        work.append((time.process_time() - worked) * 1000)
        assert answer.status_code == 200, answer.text
        assert answer.url.path != "/login"
    clock = f"median {statistics.median(laps):6.1f}  best {min(laps):6.1f}  worst {max(laps):6.1f}"
    return f"{clock}  processor {statistics.median(work):6.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--times", type=int, default=50)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--url", help="an empty database; by default SQLite in a temporary folder")
    where.add_argument("--postgres", action="store_true", help="start a PostgreSQL and use it")
    parser.add_argument("--pages", action="store_true", help="the portal's page instead of the API")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = arguments.url or f"sqlite:///{folder}/bench.sqlite"
        if arguments.postgres:
            url = new_database(stack.enter_context(running_postgres(durable=True)))
        run(url, folder, arguments)


def run(url: str, folder: Path, arguments: argparse.Namespace) -> None:
    migrate(url)
    fill(url, arguments.cases)
    settings = GatewaySettings(
        database_url=url,
        redis_url="unix:///nowhere",  # the worklist does not use Redis
        object_store_url=folder.as_uri(),
        internal_token="i" * 32,
        secret_key="s" * 32,
        secure_cookies=False,
        log_level="ERROR",
    )
    client = TestClient(create_app(settings))  # not entered, so that no background loop runs
    warm_up()
    what = "the portal's page" if arguments.pages else "the API"
    print(f"{arguments.cases} cases, {url.split(':')[0]}, {what}, {arguments.times} times each")
    for username in ("clinician", "admin"):
        grant = {"username": username, "password": "a long password"}
        token = client.post("/api/v1/auth/token", json=grant).json()["access_token"]
        bearer = {"Authorization": f"Bearer {token}"}
        if arguments.pages:
            client.cookies.clear()
            client.post("/login", data=grant)
        cursor = urlencode({"cursor": client.get("/api/v1/cases", headers=bearer).json()["next_cursor"]})
        for query in QUERIES:
            asked = cursor if query == "cursor" else query
            path = f"/?{asked}" if arguments.pages else f"/api/v1/cases?{asked}"
            figures = measure(client, path, {} if arguments.pages else bearer, arguments.times)
            print(f"{username:10} {query or '(default)':46} {figures} ms")


if __name__ == "__main__":
    main()
