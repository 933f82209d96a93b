"""Cases."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.clock import now
from gateway.database import Base, new_id
from lobule.contracts.case import CaseState
from lobule.contracts.result import Assessment


class Case(Base):
    """The images and conclusions of one patient, under a pseudonym; never the patient's name.

    All below `revision` follows from the case's images and signatures; `cases.service.refresh` writes it in the
    transaction that changes them, so that a list of cases reads this table alone.
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
    revision: Mapped[int] = mapped_column(default=0)  # grows with every change of what a report would say
    evidence_digest: Mapped[str | None] = mapped_column(String(64))  # of what the images say, to see that it changed

    state: Mapped[CaseState] = mapped_column(String(20), default="empty")
    assessment: Mapped[Assessment | None] = mapped_column(String(30))
    probability_malignant: Mapped[float | None]
    urgency: Mapped[float] = mapped_column(default=-1.0)  # `cases.service.urgency_of`
    study_date: Mapped[date | None]  # of the current examination
    images_total: Mapped[int] = mapped_column(default=0)
    images_done: Mapped[int] = mapped_column(default=0)
    images_failed: Mapped[int] = mapped_column(default=0)
    signed_version: Mapped[int | None]
    signed_revision: Mapped[int | None]
