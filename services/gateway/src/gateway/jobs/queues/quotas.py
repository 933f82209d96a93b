"""Quotas: how many analyses one user, and one API token, may have waiting."""

import math
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from sqlalchemy.orm import Session

from gateway.clock import shared_now
from gateway.errors import ProblemError
from gateway.jobs.queues import repository as queues
from gateway.settings import GatewaySettings

_SOONEST_S, _LATEST_S = 1, 300


@dataclass(frozen=True)
class Quota:
    """How much may wait of those that an analysis is counted against.

    Attributes:
        per_user: Analyses of its owner.
        per_token: Analyses of the API token.
        token_id: Of the API token that it is asked for with; None for a person.
    """

    per_user: int
    per_token: int
    token_id: str | None = None

    @staticmethod
    def of(settings: GatewaySettings, token_id: str | None) -> "Quota":
        """The quota that the settings give."""
        return Quota(settings.waiting_per_user, settings.waiting_per_token, token_id)

    @staticmethod
    def of_request(request: Request) -> "Quota":
        """The quota of a request whose user is identified."""
        token = getattr(request.state, "api_token", None)
        return Quota.of(request.app.state.settings, token.id if token else None)

    def check(self, session: Session, owner_id: str) -> None:
        """Refuse one more analysis of an owner where as many wait as may.

        Raises:
            ProblemError: `queue_full`, 429. `Retry-After` is the time in which one of those that wait had its turn
                lately: the age of the oldest over their number.
        """
        _refuse(session, queues.analyses_waiting(session, owner_id=owner_id), self.per_user, "user")
        if self.token_id is not None:
            _refuse(session, queues.analyses_waiting(session, token_id=self.token_id), self.per_token, "token")


def _refuse(session: Session, waiting: tuple[int, datetime | None], most: int, whose: str) -> None:
    count, oldest = waiting
    if count < most or oldest is None:
        return
    each_s = (shared_now(session) - oldest).total_seconds() / count
    after = min(max(math.ceil(each_s), _SOONEST_S), _LATEST_S)
    headers = {"Retry-After": str(after)}
    raise ProblemError(429, "queue_full", whose, values={"most": most, "seconds": after}, headers=headers)
