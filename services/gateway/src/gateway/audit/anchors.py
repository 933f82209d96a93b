"""Anchors: the ends of the audit log's chains, kept outside the database.

Whoever may write to the database can cut events off the end of a chain. An anchor tells that they were there. It is
added to a file once a day and logged, so that it reaches wherever logs are collected.
"""

import json
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import Session

from gateway.audit import repository
from gateway.audit.chain import seal_of
from gateway.clock import now
from gateway.database import SessionFactory, read

log = structlog.get_logger()

_EVERY = timedelta(days=1)
_LOOK_EVERY_S = 600.0


class Anchor(BaseModel):
    """The ends of all chains at a moment.

    Attributes:
        at: When.
        ends: Position and link of each chain's last event, by its number.
        seal: HMAC of both.
    """

    at: datetime
    ends: dict[int, tuple[int, str]]
    seal: str = ""

    def sealed(self, key: bytes) -> str:
        """What its seal must be."""
        return seal_of(key, json.loads(self.model_dump_json(exclude={"seal"})))


def anchor_now(session: Session, key: bytes) -> Anchor:
    """An anchor of this moment."""
    used = [end for end in repository.ends(session) if end.position]
    anchor = Anchor(at=now(), ends={end.id: (end.position, end.link) for end in used})
    return anchor.model_copy(update={"seal": anchor.sealed(key)})


def read_anchors(file: Path) -> Iterator[Anchor | None]:
    """The anchors of a file, one a line; None for a damaged line."""
    for line in file.read_text("utf-8", "replace").splitlines() if file.exists() else ():
        try:
            yield Anchor.model_validate_json(line)
        except ValidationError:
            yield None


class Anchorer:
    """Anchors the chains once a day.

    Args:
        sessions: Opens transactions.
        key: Key of the chains.
        file: File of the anchors; None if they are only logged.
    """

    def __init__(self, sessions: SessionFactory, key: bytes, file: Path | None) -> None:
        self._sessions, self._key, self._file = sessions, key, file
        self._next = now()
        self.stopped = threading.Event()

    def turn(self) -> None:
        """Anchor where it is due, and wait."""
        if now() >= self._next:
            self._next = now() + _EVERY  # first: what fails is tried again the next day, not at once
            try:
                self.anchor()
            except OSError as error:
                log.error("audit_anchor_not_kept", file=str(self._file), error=str(error))
        self.stopped.wait(_LOOK_EVERY_S)

    def anchor(self) -> Anchor:
        """Anchor now."""
        anchor = read(self._sessions, lambda session: anchor_now(session, self._key))
        log.info("audit_anchor", anchor=anchor.model_dump(mode="json"))
        if self._file is not None:
            with self._file.open("a", encoding="utf-8") as stream:
                stream.write(anchor.model_dump_json() + "\n")
        return anchor
