"""The last incoming associations, for administrators. They hold nothing of the objects."""

import threading
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from pynetdicom.events import Event

from lobule.contracts.node import MOST_ASSOCIATIONS, AssociationNote

_LONGEST = 16
Outcome = Literal["open", "ended", "aborted", "rejected"]


@dataclass
class _Note:
    calling_ae: str
    called_ae: str
    address: str
    outcome: Outcome
    problem: str = ""
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    statuses: Counter[str] = field(default_factory=Counter[str])


class AssociationNotes:
    """Notes of the last associations. Its methods may be called from every thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._notes = deque[_Note](maxlen=MOST_ASSOCIATIONS)
        self._open: dict[int, _Note] = {}

    def began(self, event: Event) -> None:
        """An association was accepted."""
        note = _note(event, "open")
        with self._lock:
            self._notes.append(note)
            self._open[id(event.assoc)] = note

    def rejected(self, event: Event) -> None:
        """An association was rejected."""
        note = _note(event, "rejected")
        with self._lock:
            self._notes.append(note)

    def refused(self, address: str, problem: str) -> None:
        """A connection was closed before it could ask for an association, because TLS failed."""
        note = _Note("", "", address[:64], "rejected", problem)
        with self._lock:
            self._notes.append(note)

    def answered(self, event: Event, status: str) -> None:
        """An object was answered."""
        with self._lock:
            note = self._open.get(id(event.assoc))
            if note is not None:
                note.statuses[status] += 1

    def aborted(self, event: Event) -> None:
        """An association was aborted."""
        self._end(event, "aborted")

    def closed(self, event: Event) -> None:
        """A connection ended."""
        self._end(event, "ended")

    def entries(self) -> list[AssociationNote]:
        """All notes, the newest first."""
        with self._lock:
            return [
                AssociationNote(
                    at=note.at,
                    calling_ae=note.calling_ae,
                    called_ae=note.called_ae,
                    address=note.address,
                    outcome=note.outcome,
                    problem=note.problem,
                    statuses=dict(note.statuses),
                )
                for note in reversed(self._notes)
            ]

    def _end(self, event: Event, outcome: Outcome) -> None:
        with self._lock:
            note = self._open.pop(id(event.assoc), None)
            if note is not None:
                note.outcome = outcome


def _note(event: Event, outcome: Outcome) -> _Note:
    caller = event.assoc.requestor
    asked = caller.primitive
    called = asked.called_ae_title.strip() if asked else ""
    return _Note(caller.ae_title.strip()[:_LONGEST], called[:_LONGEST], str(caller.address)[:64], outcome)
