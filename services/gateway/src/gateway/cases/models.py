"""Cases."""

from datetime import date, datetime
from typing import Any, Literal, get_args

from sqlalchemy import (
    JSON,
    Connection,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    case,
    event,
    false,
    func,
    inspect,
)
from sqlalchemy.orm import Mapped, Mapper, column_property, mapped_column

from gateway.clock import now
from gateway.database import Base, new_id
from lobule.contracts.case import CaseState, ReadRole
from lobule.contracts.result import Assessment

Rule = Literal["recall", "all"]
"""Which disagreements of two readers a third person settles; see `cases.agreement`."""
BOTH = 2
"""Readers of a case that is read twice."""


class Case(Base):
    """The images and conclusions of one patient, under a pseudonym; never the patient's name.

    What a list of cases shows is derived from the case's images and signatures: `cases.service` writes it here in the
    transaction that changes them, so that a list reads this table alone.
    """

    __tablename__ = "cases"
    __table_args__ = (
        Index("ix_cases_owner_urgency", "owner_id", "urgency", "created_at", "id"),
        Index("ix_cases_owner_created", "owner_id", "created_at", "id"),
        Index("ix_cases_owner_pseudonym", "owner_id", "pseudonym", "id"),
        Index("ix_cases_urgency", "urgency", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    owner_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    pseudonym: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)
    updated_at: Mapped[datetime] = mapped_column(default=now)
    revision: Mapped[int] = mapped_column(default=0)  # incremented with every change of the report's content
    evidence_digest: Mapped[str | None] = mapped_column(String(64))  # digest of the images' evidence, to detect changes

    state: Mapped[CaseState] = mapped_column(String(20), default="empty")
    assessment: Mapped[Assessment | None] = mapped_column(String(30))
    probability_malignant: Mapped[float | None]
    urgency: Mapped[float] = mapped_column(default=-1.0)  # `cases.service.urgency_of`
    study_date: Mapped[date | None] = mapped_column()  # of the current examination
    reader_id: Mapped[str | None] = mapped_column(ForeignKey("users.id"), index=True)  # who reads or signed it
    reader: Mapped[str] = mapped_column(String(200), default="", server_default="")  # their name as it was
    reading_since: Mapped[datetime | None]  # since when they read it; None if it is only assigned to them
    modalities: Mapped[str] = mapped_column(
        String(200), default="", server_default=""
    )  # their names, with spaces between
    thumbnails: Mapped[list[Any]] = mapped_column(JSON, default=list, server_default="[]")  # as `ThumbnailRead`
    images_total: Mapped[int] = mapped_column(default=0)
    images_done: Mapped[int] = mapped_column(default=0)
    images_failed: Mapped[int] = mapped_column(default=0)
    refused_films: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # by SHA-256 of the file; `cases.refused_films`
    signed_version: Mapped[int | None]
    signed_revision: Mapped[int | None]
    signed_breasts: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # `BreastConclusions` of it

    sample: Mapped[bool] = mapped_column(default=False, server_default=false())  # drawn to try the portal with
    # Double reading: docs/double-reading.md. The rule is given by the setting when the case is opened.
    double_reading: Mapped[Rule | None] = mapped_column(String(10))
    has_films: Mapped[bool] = mapped_column(default=False, server_default=false())
    unlike_training: Mapped[bool] = mapped_column(default=False, server_default=false())  # the tissue of an image
    map_disagrees: Mapped[bool] = mapped_column(default=False, server_default=false())  # the tumour map of an image
    reads: Mapped[int] = mapped_column(default=0, server_default="0")  # signed ones of readers that stand: 0, 1 or 2
    read_round: Mapped[int] = mapped_column(default=0, server_default="0")  # reads of earlier rounds are superseded

    @property
    def read_twice(self) -> bool:
        """Whether two people read it independently: a case with films, if the setting asks for it."""
        return self.double_reading is not None and self.has_films

    @property
    def blind(self) -> bool:
        """Whether no reader sees what another one says of it yet."""
        return self.read_twice and self.reads < BOTH

    # What lists are ordered by where the column itself may be null or is no order; these are never null.
    studied: Mapped[date] = column_property(func.coalesce(study_date, date.min))
    progress: Mapped[int] = column_property(
        case({name: place for place, name in enumerate(get_args(CaseState))}, value=state, else_=-1)
    )


class CaseVisit(Base):
    """When a user last saw a case."""

    __tablename__ = "case_visits"

    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    seen_at: Mapped[datetime]


class SavedView(Base):
    """A search of the worklist that a user keeps under a name."""

    __tablename__ = "saved_views"
    __table_args__ = (UniqueConstraint("user_id", "name"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(40))
    query: Mapped[str] = mapped_column(String(500))  # of the worklist's address


class ReadingSheet(Base):
    """A user's own verdicts and findings on a case that is read twice.

    How often they changed is a part of the case's `ETag` for them. The case's own revision stays, so that others learn
    nothing of it.
    """

    __tablename__ = "reading_sheets"

    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    revision: Mapped[int] = mapped_column(default=0)
    place: Mapped[int] = mapped_column(default=0, server_default="0")  # how many had begun before; letters follow it


class SignedRead(Base):
    """What one reader, or the arbiter, of a case that is read twice has signed. Only its withdrawal is added later."""

    __tablename__ = "signed_reads"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), index=True)
    round: Mapped[int]  # the case's `read_round` then: reads of earlier ones are superseded
    role: Mapped[ReadRole] = mapped_column(String(10))
    reader_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    reader: Mapped[str] = mapped_column(String(200))  # the name as it was
    signed_at: Mapped[datetime] = mapped_column(default=now)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)  # a `CaseContent`: the case as the reader had marked it
    sha256: Mapped[str] = mapped_column(String(64))  # of the content
    comment: Mapped[str] = mapped_column(Text, default="")
    withdrawn_at: Mapped[datetime | None]


@event.listens_for(SignedRead, "before_update")
def _keep(_mapper: Mapper[SignedRead], _connection: Connection, read: SignedRead) -> None:
    changed = {attribute.key for attribute in inspect(read).attrs if attribute.history.has_changes()}
    assert changed <= {"withdrawn_at"}, f"a signed read never changes: {changed}"
