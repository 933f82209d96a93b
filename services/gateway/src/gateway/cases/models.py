"""Cases."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.clock import now
from gateway.database import Base, new_id


class Case(Base):
    """One patient's work-up, under a pseudonym; the patient's name has no place here."""

    __tablename__ = "cases"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    owner_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    pseudonym: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)
