"""Webhooks and their pending messages."""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from gateway.clock import now
from gateway.database import Base, new_id

DeliveryState = Literal["pending", "delivered", "failed"]


class Webhook(Base):
    """An address that receives messages about its owner's jobs and cases."""

    __tablename__ = "webhooks"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    owner_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    url: Mapped[str] = mapped_column(String(2000))
    # Names of the events that it is told of, with spaces between.
    events: Mapped[str] = mapped_column(String(200), default="job.finished", server_default="job.finished")
    created_at: Mapped[datetime] = mapped_column(default=now)
    # Of the API token that made it or chose its address, with which it ends; None if a person did.
    token_id: Mapped[str | None] = mapped_column(ForeignKey("api_tokens.id", ondelete="CASCADE"), index=True)


class Delivery(Base):
    """A message to a webhook (outbox).

    It is written in the transaction of the state that it reports, and retried until it arrives.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index("ix_webhook_deliveries_due", "state", "next_at"),
        Index("ix_webhook_deliveries_of_webhook", "webhook_id", "state", "next_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    job_id: Mapped[str] = mapped_column(String(36))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[DeliveryState] = mapped_column(String(20), default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime]  # by the shared clock, `gateway.clock.shared_now`
    created_at: Mapped[datetime] = mapped_column(default=now)
    delivered_at: Mapped[datetime | None]
    last_status: Mapped[int | None]
    last_error: Mapped[str | None] = mapped_column(String(200))

    webhook: Mapped[Webhook] = relationship(lazy="joined")

    @property
    def type(self) -> str:
        """Kind of the message."""
        return str(self.payload["type"])
