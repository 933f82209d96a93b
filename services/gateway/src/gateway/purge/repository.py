"""Queries on all that the database has of a patient."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.audit.models import BACKUP_CREATED, AuditEvent
from gateway.cases.models import Case
from gateway.images.models import Image
from gateway.nodes.models import Node


def images_of(session: Session, patient_mark: str) -> Sequence[Image]:
    """The images whose files name a patient, whoever owns them, the oldest first."""
    mark = Image.__table__.c.patient_id_mark
    return session.scalars(select(Image).where(mark == patient_mark).order_by(Image.created_at, Image.id)).all()


def has_others(session: Session, case_id: str, patient_mark: str) -> bool:
    """Whether files of a case name another patient."""
    mark = Image.__table__.c.patient_id_mark
    query = select(func.count()).select_from(Image).where(Image.case_id == case_id, mark != patient_mark)
    return bool(session.scalar(query))


def case(session: Session, case_id: str) -> Case | None:
    """A case; None where it was deleted meanwhile."""
    return session.get(Case, case_id)


def is_node(session: Session, user_id: str) -> bool:
    """Whether a DICOM node reports under an account."""
    return session.get(Node, user_id) is not None


def backups_since(session: Session, first: datetime) -> Sequence[AuditEvent]:
    """The events of backups that were made since a time, the oldest first."""
    query = select(AuditEvent).where(AuditEvent.action == BACKUP_CREATED, AuditEvent.at >= first)
    return session.scalars(query.order_by(AuditEvent.at)).all()
