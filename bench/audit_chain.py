"""Measures the cost of the audit log's hash chains under load, on PostgreSQL: transactions a second with and without.

uv run --no-sync python bench/audit_chain.py [--threads 8] [--seconds 4]

Each transaction writes an audit event as a request does. `unlinked` only adds the row; `one chain` shows the rate of a
single chain. The three alternate, so that other work on the machine affects them equally.
"""

import statistics
import threading
import time
from collections.abc import Callable
from typing import Annotated
from unittest.mock import patch

import postgres
import typer
from sqlalchemy.orm import Session

from gateway.audit import repository
from gateway.audit.models import AuditChain, AuditEvent
from gateway.audit.service import record
from gateway.audit.verification import verify
from gateway.clock import now
from gateway.database import SessionFactory, make_engine, make_session_factory, reading
from gateway.migrate import migrate

_KEY = b"a key of the benchmark, long enough"
_ROUNDS = 5


def linked(session: Session) -> None:
    """Write an event as a request does."""
    record(session, None, "alice", "image.upload", "image", "i", {"modality": "mammography"})


def unlinked(session: Session) -> None:
    """Write the same row without a link."""
    session.add(AuditEvent(at=now(), actor_name="alice", action="bench", detail={"modality": "mammography"}))


def rate(sessions: SessionFactory, write: Callable[[Session], None], threads: int, seconds: float) -> float:
    """Transactions a second."""
    done, end = [0] * threads, time.monotonic() + seconds

    def work(number: int) -> None:
        while time.monotonic() < end:
            with sessions.begin() as session:
                write(session)
            done[number] += 1

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(done) / seconds


def main(
    threads: Annotated[int, typer.Option(help="Transactions at once.")] = 8,
    seconds: Annotated[float, typer.Option(help="Of each measurement.")] = 4,
) -> None:
    """Run the benchmark and print the results."""
    with postgres.running_postgres(durable=True) as server:
        url = postgres.new_database(server)
        migrate(url)
        sessions = make_session_factory(make_engine(url), audit_key=_KEY)
        rate(sessions, linked, 1, 0.5)
        measured: dict[str, list[float]] = {"unlinked": [], "16 chains": [], "one chain": []}
        for _ in range(_ROUNDS):
            measured["unlinked"].append(rate(sessions, unlinked, threads, seconds))
            measured["16 chains"].append(rate(sessions, linked, threads, seconds))
            with patch.object(repository, "free_end", _only_end):
                measured["one chain"].append(rate(sessions, linked, threads, seconds))
        for name, rates in measured.items():
            print(f"{name:12} {statistics.median(rates):8.0f} transactions a second")
        started = time.monotonic()
        with reading(sessions) as session:
            kinds = {fault.kind for fault in verify(session, _KEY)}
        print(f"verified in {time.monotonic() - started:.1f} s: faults of kinds {kinds} (the unlinked are expected)")


def _only_end(session: Session) -> AuditChain | None:
    return session.get(AuditChain, 1, with_for_update=True, populate_existing=True)


if __name__ == "__main__":
    typer.run(main)
