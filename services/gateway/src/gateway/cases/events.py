"""What happens to cases."""

from dataclasses import dataclass

from gateway.events import Event


@dataclass(frozen=True)
class ReadTogether(Event):
    """A case whose readers kept sheets of their own is read as one from now on: they share its sheet."""

    case_id: str
