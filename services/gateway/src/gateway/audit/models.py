"""The audit log: who did what, and when, and the chains that its events are linked in."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.clock import now
from gateway.database import Base

BACKUP_CREATED = "backup.create"
"""The event of a backup that has ended, from which the metrics tell its age."""
RETENTION_ENDED = "retention.end"
"""The event of a retention run that has ended: the metrics tell its age, and the next run judges the clock by it."""


class AuditEvent(Base):
    """One event, kept forever. Names are copied, so that it stays readable when the user is deleted."""

    __tablename__ = "audit_events"
    __table_args__ = (UniqueConstraint("chain", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(default=now, index=True)
    actor_id: Mapped[str | None] = mapped_column(String(36), index=True)
    actor_name: Mapped[str] = mapped_column(String(100))
    action: Mapped[str] = mapped_column(String(50), index=True)
    target_type: Mapped[str | None] = mapped_column(String(30))
    target_id: Mapped[str | None] = mapped_column(String(36), index=True)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    address: Mapped[str | None] = mapped_column(String(50))
    request_id: Mapped[str | None] = mapped_column(String(64))
    token_id: Mapped[str | None] = mapped_column(String(36))
    reason: Mapped[str | None] = mapped_column(String(60))
    chain: Mapped[int | None] = mapped_column()
    position: Mapped[int | None] = mapped_column()
    link: Mapped[str | None] = mapped_column(String(64))


class AuditChain(Base):
    """The end of one of the chains; see `gateway.audit.chain`."""

    __tablename__ = "audit_chains"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(default=0)
    link: Mapped[str] = mapped_column(String(64), default="")
