"""Hints that were seen."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.database import Base


class SeenHint(Base):
    """A user has seen a hint of the portal, or does not want to: it is not shown again by itself."""

    __tablename__ = "seen_hints"

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
