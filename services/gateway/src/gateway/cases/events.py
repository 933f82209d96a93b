"""The events of cases."""

from dataclasses import dataclass

from gateway.events import Event


@dataclass(frozen=True)
class DoubleReadingEnded(Event):
    """Double reading was switched off for a case that readers had begun: from now on they share one sheet."""

    case_id: str
