"""What happens in groups."""

from dataclasses import dataclass

from gateway.events import Event


@dataclass(frozen=True)
class ProgramJoined(Event):
    """A program's account was added to a group."""

    user_id: str
    group_id: str
