"""Domain events: how a package tells the packages above it what happened, in the transaction in which it happened.

A package defines its events in its module `events` and publishes them; `gateway.main` registers the handlers of the
packages above. A handler that raises ends the transaction, as if the publisher had called it directly.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy.orm import Session


class Event:
    """Something that happened. Subclasses are frozen dataclasses."""


E = TypeVar("E", bound=Event)


class Events:
    """The handlers of one application, by the class of event that they handle."""

    INFO_KEY = "events"
    """Where a session keeps the handlers of its application, in `Session.info`."""

    def __init__(self) -> None:
        self._handlers: dict[type[Event], list[Callable[[Session, Any], None]]] = defaultdict(list)

    def subscribe(self, kind: type[E], handler: Callable[[Session, E], None]) -> None:
        """Call a handler for each event of a class, in the order of subscription."""
        self._handlers[kind].append(handler)

    def handle(self, session: Session, event: Event) -> None:
        """Call the handlers of an event."""
        for handler in self._handlers[type(event)]:
            handler(session, event)


def publish(session: Session, event: Event) -> None:
    """Tell the subscribers of the session's application what happened in its transaction.

    Raises:
        RuntimeError: If the session's factory was made without `Events`: nobody would learn of the event.
    """
    events: Events | None = session.info.get(Events.INFO_KEY)
    if events is None:
        raise RuntimeError(f"{type(event).__name__}: this session was made without events.")
    events.handle(session, event)
