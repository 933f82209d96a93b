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
from gateway.users.models import User

_SOONEST_S, _LATEST_S = 1, 300


@dataclass(frozen=True)
class Quota:
    """The limits for waiting analyses of the user who requests one, regardless of the image's owner.

    Attributes:
        user_id: Id of the user who asks.
        per_user: Largest number of waiting analyses of this user.
        per_token: Largest number of waiting analyses of the API token.
        token_id: Id of the API token of the request; None for a person.
    """

    user_id: str
    per_user: int
    per_token: int
    token_id: str | None = None

    @staticmethod
    def of(settings: GatewaySettings, user_id: str, token_id: str | None) -> "Quota":
        """The quota that the settings give."""
        return Quota(user_id, settings.waiting_per_user, settings.waiting_per_token, token_id)

    @staticmethod
    def of_request(request: Request, user: User) -> "Quota":
        """The quota of a request of this user."""
        token = getattr(request.state, "api_token", None)
        return Quota.of(request.app.state.settings, user.id, token.id if token else None)

    def take(self, session: Session) -> None:
        """Refuse one more analysis if as many wait as may; otherwise, the transaction may add one.

        The user's other transactions wait for its end, so the caller has locked the case, if any, before.

        Raises:
            ProblemError: `queue_full`, 429.
        """
        queues.lock_quota(session, self.user_id)
        self.check(session)

    def check(self, session: Session) -> None:
        """Refuse an analysis that has not arrived yet if as many wait as may.

        Raises:
            ProblemError: `queue_full`, 429. `Retry-After` is the time in which one of those that wait had its turn
                lately: the age of the oldest over their number.
        """
        _refuse(session, queues.analyses_waiting(session, owner_id=self.user_id), self.per_user, "user")
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
