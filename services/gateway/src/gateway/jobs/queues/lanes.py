"""The order in which a queue's steps are given to workers: fair between users, people before programs.

A lane is what one user has waiting in a queue, either what a person waits for at the portal (interactive) or what a
program sent (batch). Interactive lanes go before batch lanes, but one start in eight is a batch's, so that no class
keeps the other from being worked on. Within a class the lane whose last start is longest ago goes first; within a lane
the oldest step does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

INTERACTIVE_IN_A_ROW = 7
"""The number of interactive steps that may start in a row while batch steps wait."""

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Requester:
    """The user who requests work, who need not own its subject. Determines the lane in which the work waits.

    Attributes:
        user_id: The user.
        interactive: Whether a person waits for it at the portal.
    """

    user_id: str
    interactive: bool


@dataclass(frozen=True)
class Lane:
    """The waiting steps of one user in one queue, of one class."""

    owner_id: str
    interactive: bool
    waiting: int
    oldest: datetime
    last_start: datetime | None


def in_order(lanes: Sequence[Lane], recently_interactive: Sequence[bool]) -> list[Lane]:
    """Lanes in the order in which they are served.

    Args:
        lanes: Lanes of one queue.
        recently_interactive: Whether each of the queue's last starts was interactive, newest first.
    """
    batch_first = _in_a_row(recently_interactive) == INTERACTIVE_IN_A_ROW
    return sorted(lanes, key=lambda lane: (lane.interactive == batch_first, lane.last_start or _NEVER, lane.oldest))


def _in_a_row(recently_interactive: Sequence[bool]) -> int:
    """How many of the last starts were interactive, since the last batch's; no more than may be in a row."""
    last = [*recently_interactive[:INTERACTIVE_IN_A_ROW], False]
    return last.index(False)


def steps_ahead(lanes: Sequence[Lane], recently_interactive: Sequence[bool], own: Lane, before_in_lane: int) -> int:
    """How many steps are going to start before a waiting one, if nothing is added.

    Args:
        lanes: Lanes of the step's queue, in order, including its own.
        recently_interactive: As for `in_order`.
        own: Lane of the step.
        before_in_lane: Number of steps before it in its lane.
    """
    peers = [lane for lane in lanes if lane.interactive == own.interactive]
    at = peers.index(own)
    rounds = (min(lane.waiting, before_in_lane + (place < at)) for place, lane in enumerate(peers) if place != at)
    of_class, in_a_row = before_in_lane + sum(rounds), _in_a_row(recently_interactive)
    if own.interactive:
        in_between = (in_a_row + of_class) // INTERACTIVE_IN_A_ROW
    else:
        in_between = INTERACTIVE_IN_A_ROW * (of_class + 1) - in_a_row
    return of_class + min(in_between, sum(lane.waiting for lane in lanes if lane.interactive != own.interactive))
