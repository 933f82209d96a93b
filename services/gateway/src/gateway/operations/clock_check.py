"""Refuses to delete by age when the clock may be wrong.

A clock that is years ahead makes every case older than its retention period. PostgreSQL's clock reveals it if the
database is on another machine; otherwise the time that has passed since the last retention run does.
"""

from datetime import timedelta

from sqlalchemy.orm import Session

from gateway.clock import now, shared_now
from gateway.operations.repositories import retention as repository
from lobule.errors import SentenceError

_MOST_APART = timedelta(minutes=5)
_LONGEST_PAUSE = timedelta(days=7)
"""Runs are a day apart; the machine may have been switched off in between."""


class ClockError(SentenceError):
    """The clock may be wrong, so nothing was deleted; the code is `clock_differs` or `clock_ahead`."""

    prefix = "retention."


def check_clock(session: Session, *, after_pause: bool = False) -> None:
    """Compare this machine's clock with PostgreSQL's and with the last retention run.

    Args:
        session: The transaction.
        after_pause: Whether any time may have passed since the last run.

    Raises:
        ClockError: The clocks differ by more than five minutes, or the last run was more than seven days ago.
    """
    here, there = now(), shared_now(session)
    if abs(here - there) > _MOST_APART:
        raise ClockError("clock_differs", here=f"{here:%Y-%m-%d %H:%M}", there=f"{there:%Y-%m-%d %H:%M}")
    last = repository.last_run(session, before=here)
    if last is not None and here - last > _LONGEST_PAUSE and not after_pause:
        raise ClockError("clock_ahead", here=f"{here:%Y-%m-%d %H:%M}", last=f"{last:%Y-%m-%d %H:%M}")
