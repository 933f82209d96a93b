"""Emergency accesses to cases."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.clock import now
from gateway.database import Base, new_id


class EmergencyAccess(Base):
    """An administrator may see a case until it ends. The owner is told, and notes that they have seen it."""

    __tablename__ = "emergency_accesses"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    case_id: Mapped[str] = mapped_column(String(36), index=True)  # the notice outlives the case
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    owner_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    opened_by: Mapped[str] = mapped_column(String(200))  # the administrator's name, as it was then
    reason: Mapped[str] = mapped_column(String(500))
    opened_at: Mapped[datetime] = mapped_column(default=now)
    ends_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]


class EmergencyWitness(Base):
    """A user who is told of an access if the owner is a program or has left.

    They are kept as of the moment of the access: its administrator could take the case out of its group afterwards.
    """

    __tablename__ = "emergency_witnesses"

    access_id: Mapped[str] = mapped_column(ForeignKey("emergency_accesses.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)
