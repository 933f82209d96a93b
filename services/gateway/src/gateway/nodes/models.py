"""DICOM nodes with their last reports, and their tasks."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from gateway.clock import now
from gateway.database import Base, new_id
from gateway.users.models import User
from lobule.contracts.node import TaskKind


class Node(Base):
    """A DICOM node with its last report, by the account that it reports under. The node owns the reported data."""

    __tablename__ = "nodes"

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    report: Mapped[dict[str, Any]] = mapped_column(JSON)  # as `lobule.contracts.node.NodeReport`
    reported_at: Mapped[datetime] = mapped_column(default=now)

    user: Mapped[User] = relationship(lazy="joined")


class Task(Base):
    """A task that an administrator gave to a node."""

    __tablename__ = "node_tasks"
    __table_args__ = (Index("ix_node_tasks_open", "user_id", "taken_at"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("nodes.user_id", ondelete="CASCADE"))
    kind: Mapped[TaskKind] = mapped_column(String(20))
    peer: Mapped[str] = mapped_column(String(200))
    asked_by: Mapped[str] = mapped_column(String(100))
    asked_at: Mapped[datetime] = mapped_column(default=now)
    taken_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(60))
    ended_at: Mapped[datetime | None]
