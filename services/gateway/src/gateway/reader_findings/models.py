"""What readers drew."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.clock import now
from gateway.database import Base
from lobule.contracts.reader import FindingKind, Shape


class DrawnFinding(Base):
    """A finding that a reader drew on an image. It belongs to the image, whichever analysis is its newest."""

    __tablename__ = "drawn_findings"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)  # chosen by the client
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), index=True)
    image_id: Mapped[str] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"), index=True)
    # Whose reading it belongs to; empty if all readers of the case share one: see `cases.sheets`.
    sheet: Mapped[str] = mapped_column(String(36), default="", server_default="")
    number: Mapped[int]  # its letter, among those of the case on the same sheet
    kind: Mapped[FindingKind] = mapped_column(String(20))
    shape: Mapped[Shape] = mapped_column(String(10))
    box: Mapped[dict[str, float]] = mapped_column(JSON)
    outline: Mapped[list[list[float]] | None] = mapped_column(JSON)
    corrects: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    comment: Mapped[str] = mapped_column(Text, default="")
    author_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    author: Mapped[str] = mapped_column(String(200))  # the name as it was
    drawn_at: Mapped[datetime] = mapped_column(default=now)


class SameLesionMark(Base):
    """Two findings of a case that a reader takes for the same lesion."""

    __tablename__ = "same_lesions"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)  # chosen by the client
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), index=True)
    sheet: Mapped[str] = mapped_column(String(36), default="", server_default="")  # as that of a finding
    one: Mapped[dict[str, Any]] = mapped_column(JSON)
    other: Mapped[dict[str, Any]] = mapped_column(JSON)
    author_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    author: Mapped[str] = mapped_column(String(200))
    said_at: Mapped[datetime] = mapped_column(default=now)
