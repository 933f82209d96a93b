"""Queries on nodes and their tasks."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from gateway.clock import now
from gateway.nodes.models import Node, Task

_LOST_AFTER = timedelta(minutes=2)


def find(session: Session, user_id: str) -> Node | None:
    """The node that reports under an account."""
    return session.get(Node, user_id)


def every(session: Session) -> Sequence[Node]:
    """All nodes, the one that reported last first."""
    return session.scalars(select(Node).order_by(Node.reported_at.desc(), Node.user_id)).all()


def forget(session: Session, node: Node) -> None:
    """Forget a node with its tasks."""
    session.execute(delete(Node).where(Node.user_id == node.user_id))


def open_tasks(session: Session, user_id: str, limit: int) -> Sequence[Task]:
    """The tasks that a node is to do, the oldest first.

    One that was given to it long ago and has no outcome is among them, since the answer may have been lost. A sample is
    not: it would be stored twice.
    """
    lost = (Task.taken_at < now() - _LOST_AFTER) & Task.ended_at.is_(None) & (Task.kind != "sample")
    query = select(Task).where(Task.user_id == user_id, or_(Task.taken_at.is_(None), lost))
    return session.scalars(query.order_by(Task.asked_at, Task.id).limit(limit)).all()


def task(session: Session, user_id: str, task_id: str) -> Task | None:
    """A task of a node."""
    return session.scalar(select(Task).where(Task.id == task_id, Task.user_id == user_id))


def last_tasks(session: Session, user_id: str, limit: int) -> Sequence[Task]:
    """The last tasks of a node, the newest first."""
    query = select(Task).where(Task.user_id == user_id)
    return session.scalars(query.order_by(Task.asked_at.desc(), Task.id).limit(limit)).all()


def forget_tasks(session: Session, user_id: str, keep: int) -> None:
    """Delete the oldest tasks of a node."""
    kept = select(Task.id).where(Task.user_id == user_id).order_by(Task.asked_at.desc(), Task.id).limit(keep)
    session.execute(delete(Task).where(Task.user_id == user_id, Task.id.not_in(kept)))
