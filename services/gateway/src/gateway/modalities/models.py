"""Modalities that workers have announced."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.clock import now
from gateway.database import Base


class AnnouncedModality(Base):
    """The last specification of a modality that a worker announced. It is kept when its workers stop."""

    __tablename__ = "modalities"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    document: Mapped[dict[str, Any]] = mapped_column(JSON)  # a `ModalitySpec`
    announced_at: Mapped[datetime] = mapped_column(default=now)
