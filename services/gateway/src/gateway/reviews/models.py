"""Reviews of findings by clinicians."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.clock import now
from gateway.database import Base
from lobule.contracts.case import Verdict


class FindingReview(Base):
    """The latest review of one finding of a job's result, or of the image as a whole."""

    __tablename__ = "finding_reviews"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    # The place in the result, or `image`: what versions before 0.2 read, which may run beside this one.
    finding: Mapped[str] = mapped_column(String(10), primary_key=True)
    # Whose reading it belongs to; empty if all readers of the case share one: see `cases.sheets`.
    sheet: Mapped[str] = mapped_column(String(36), primary_key=True, default="", server_default="")
    finding_id: Mapped[str | None] = mapped_column(String(10))  # None if such a version wrote it
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    verdict: Mapped[Verdict | None] = mapped_column(String(10))
    comment: Mapped[str] = mapped_column(Text, default="")
    reviewer_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    reviewer: Mapped[str] = mapped_column(String(200))  # the name as it was
    reviewed_at: Mapped[datetime] = mapped_column(default=now)


class LastReviewChange(Base):
    """What the last change of a case's reviews replaced, for undo."""

    __tablename__ = "last_review_changes"

    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True)
    sheet: Mapped[str] = mapped_column(String(36), primary_key=True, default="", server_default="")
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    finding: Mapped[str] = mapped_column(String(10))  # these two as those of a review
    finding_id: Mapped[str | None] = mapped_column(String(10))
    verdict: Mapped[Verdict | None] = mapped_column(String(10))
    comment: Mapped[str] = mapped_column(Text, default="")
    reviewer_id: Mapped[str] = mapped_column(ForeignKey("users.id"))  # who made the change
    # The change of the other mark of the same lesion, which was made with this one: undo takes back both.
    earlier: Mapped[dict[str, Any] | None] = mapped_column(JSON)
