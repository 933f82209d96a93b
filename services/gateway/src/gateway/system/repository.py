"""Queries that count work for the metrics."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select, text
from sqlalchemy.orm import Session

from gateway.audit.models import BACKUP_CREATED, RETENTION_ENDED, AuditEvent
from gateway.auth.models import ApiToken
from gateway.clock import shared_now
from gateway.jobs.models import Job, OutboxMessage, Step
from gateway.users.models import User
from gateway.webhooks.models import Delivery

_IN_USE = timedelta(days=7)
_SIZE = {
    "postgresql": text("SELECT pg_database_size(current_database())"),
    "sqlite": text("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"),
}


@dataclass(frozen=True)
class Workload:
    """Counts of waiting, running and finished work.

    Attributes:
        jobs: Analyses by state.
        failures: Failed analyses by error code.
        waiting: Queued steps of each queue, and for how many seconds the oldest has waited.
        running: Running steps by queue.
        messages: Messages to webhooks by state.
        outbox: Announcements that wait for Redis.
        size_bytes: Size of the database.
        backed_up_at: When the last backup ended; None if there is none.
        retention_at: When the last retention run ended; None if there was none.
        token_ends_at: When the first of the API tokens in use ends, or ended; None if there is none that ends.
    """

    jobs: dict[str, int]
    failures: dict[str, int]
    waiting: dict[str, tuple[int, float]]
    running: dict[str, int]
    messages: dict[str, int]
    outbox: int
    size_bytes: int
    backed_up_at: datetime | None
    retention_at: datetime | None
    token_ends_at: datetime | None


def workload(session: Session) -> Workload:
    """Count everything, now."""
    at = shared_now(session)
    failed = select(Job.error_code, func.count()).where(Job.error_code.is_not(None)).group_by(Job.error_code)
    queued = select(Step.queue, func.count(), func.min(Step.queued_at)).where(Step.state == "queued")
    running = select(Step.queue, func.count()).where(Step.state == "running").group_by(Step.queue)
    return Workload(
        jobs=_counts(session, select(Job.state, func.count()).group_by(Job.state)),
        failures=_counts(session, failed),
        waiting={
            queue: (count, max(0.0, (at - oldest).total_seconds()) if oldest else 0.0)
            for queue, count, oldest in session.execute(queued.group_by(Step.queue))
        },
        running=_counts(session, running),
        messages=_counts(session, select(Delivery.state, func.count()).group_by(Delivery.state)),
        outbox=session.scalar(select(func.count()).select_from(OutboxMessage)) or 0,
        size_bytes=session.scalar(_SIZE[session.get_bind().dialect.name]) or 0,
        backed_up_at=_newest(session, BACKUP_CREATED),
        retention_at=_newest(session, RETENTION_ENDED),
        token_ends_at=_first_token(session, at),
    )


def _first_token(session: Session, at: datetime) -> datetime | None:
    """When the first API token ends that a user used in the last week: one that ended has not been replaced yet."""
    used = select(func.min(ApiToken.expires_at)).join(User, User.id == ApiToken.user_id)
    used = used.where(ApiToken.last_used_at > at - _IN_USE, ApiToken.revoked_at.is_(None), User.active.is_(True))
    return session.scalar(used)


def _newest(session: Session, action: str) -> datetime | None:
    return session.scalar(select(func.max(AuditEvent.at)).where(AuditEvent.action == action))


def _counts(session: Session, query: Select[Any, int]) -> dict[str, int]:
    return {name: count for name, count in session.execute(query)}
