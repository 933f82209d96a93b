"""Quotas: how many analyses one user, and one API token, may have waiting."""

import math
from datetime import datetime

from sqlalchemy.orm import Session

from gateway.clock import shared_now
from gateway.errors import ProblemError
from gateway.jobs.queues import repository as queues
from gateway.settings import GatewaySettings

_SOONEST_S, _LATEST_S = 1, 300


def refuse_over_quota(session: Session, settings: GatewaySettings, owner_id: str, token_id: str | None) -> None:
    """Refuse one more analysis where as many wait as may.

    Raises:
        ProblemError: `queue_full`, 429. `Retry-After` is the time in which one of those that wait had its turn lately:
            the age of the oldest over their number.
    """
    _refuse(session, queues.analyses_waiting(session, owner_id=owner_id), settings.waiting_per_user, "user")
    if token_id is not None:
        _refuse(session, queues.analyses_waiting(session, token_id=token_id), settings.waiting_per_token, "token")


def _refuse(session: Session, waiting: tuple[int, datetime | None], most: int, whose: str) -> None:
    count, oldest = waiting
    if count < most or oldest is None:
        return
    each_s = (shared_now(session) - oldest).total_seconds() / count
    after = min(max(math.ceil(each_s), _SOONEST_S), _LATEST_S)
    headers = {"Retry-After": str(after)}
    raise ProblemError(429, "queue_full", whose, values={"most": most, "seconds": after}, headers=headers)
