"""Requests that were executed with an idempotency key."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.clock import now
from gateway.database import Base


class KeyedRequest(Base):
    """A request with a key. It is written in the transaction of what the request changes, its answer after that."""

    __tablename__ = "keyed_requests"

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))  # of method, address, body and API token
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)
    status: Mapped[int | None]
    headers: Mapped[dict[str, str] | None] = mapped_column(JSON)
    body: Mapped[str | None] = mapped_column(Text)  # encrypted: it may hold a secret that is shown once
