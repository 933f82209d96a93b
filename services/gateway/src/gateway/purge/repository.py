"""Queries on all that the database has of a patient."""

from collections.abc import Sequence, Set
from datetime import datetime

from sqlalchemy import ColumnElement, String, and_, cast, delete, func, or_, select, update
from sqlalchemy.orm import Session

from gateway.audit.models import BACKUP_CREATED, AuditEvent
from gateway.cases.models import Case
from gateway.idempotency.models import KeyedRequest
from gateway.images.identity import SamePatient
from gateway.images.merging import KnownPatients
from gateway.images.models import Image, PatientMerge
from gateway.nodes.models import Node
from gateway.webhooks.models import Delivery
from lobule import layout

DELETED = "patient.delete"
"""The event of a case or image that a purge deleted; it has the folders of its objects."""
_PATIENT = AuditEvent.detail["patient_mark"].as_string()


def images_of(session: Session, patient_mark: str) -> Sequence[Image]:
    """The images whose files name a patient, regardless of their owners, the oldest first.

    Those of an identifier that was merged with the patient's are of the patient if the merge counts for them, and if
    they agree with those of the patient's own identifier, above all in the birth date, because a purge after a merge of
    the wrong patients cannot be undone.
    """
    mark, known = Image.__table__.c.patient_id_mark, KnownPatients(session, [patient_mark])
    linked = [
        and_(Image.owner_id == owner, mark == other)
        for owner, other in sorted(known.linked(patient_mark))
        if other != patient_mark
    ]
    found = session.scalars(
        select(Image).where(or_(mark == patient_mark, *linked)).order_by(Image.created_at, Image.id)
    ).all()
    own = [image for image in found if image.identity.patient_id_mark == patient_mark]
    patient = SamePatient(own, known)

    def is_own(image: Image) -> bool:
        merged = bool(own) and known.counts_for(image.owner_id, image.identity) and patient.has(image)
        return image.identity.patient_id_mark == patient_mark or merged

    return [image for image in found if is_own(image)]


def has_others(session: Session, case_id: str, patient_marks: Set[str]) -> bool:
    """Whether files of a case name another patient."""
    mark = Image.__table__.c.patient_id_mark
    query = select(func.count()).select_from(Image).where(Image.case_id == case_id, mark.not_in(patient_marks))
    return bool(session.scalar(query))


def case(session: Session, case_id: str) -> Case | None:
    """A case; None if it was deleted meanwhile."""
    return session.get(Case, case_id)


def is_node(session: Session, user_id: str) -> bool:
    """Whether a DICOM node reports under an account."""
    return session.get(Node, user_id) is not None


def delete_messages(session: Session, job_ids: Sequence[str], case_id: str | None) -> int:
    """Delete the messages to webhooks about jobs and a case, those not sent yet too; returns how many."""
    about = [Delivery.job_id.in_(job_ids)]
    if case_id is not None:
        about.append(Delivery.payload["data"]["case_id"].as_string() == case_id)
    gone = session.execute(delete(Delivery).where(or_(*about)))
    return gone.rowcount  # pyright: ignore[reportAttributeAccessIssue] - a DML result


def delete_answers(session: Session, before: datetime) -> int:
    """Delete the answers of requests with a key from before a time; returns how many.

    That the requests were carried out stays known, for a day: those that are sent again are not carried out twice.
    """
    answered = update(KeyedRequest).where(KeyedRequest.created_at < before, KeyedRequest.status.is_not(None))
    gone = session.execute(answered.values(status=None, headers=None, body=None))
    return gone.rowcount  # pyright: ignore[reportAttributeAccessIssue] - a DML result


def marks_of(session: Session, patient_mark: str) -> set[str]:
    """The marks of a patient's identifier and of those that it was merged with."""
    return {patient_mark, *(mark for _, mark in KnownPatients(session, [patient_mark]).linked(patient_mark))}


def forget_identifiers(session: Session, patient_marks: Set[str]) -> None:
    """Delete the encrypted identifiers that merges have of a patient. Their fingerprints stay, as in the audit log.

    A film that an older machine sends later is found by them, and what backups still have.
    """
    either = or_(PatientMerge.former_mark.in_(patient_marks), PatientMerge.present_mark.in_(patient_marks))
    session.execute(update(PatientMerge).where(either).values(sealed=None))


def deleted_before(session: Session, patient_marks: Set[str]) -> list[str]:
    """The folders of the objects that earlier purges of a patient deleted, or began to."""
    return _deleted(session, _PATIENT.in_(patient_marks))


def deleted_under_other_keys(session: Session, patient_mark: str) -> list[str]:
    """The folders of the objects that purges deleted while the server had another secret: of whom is not known."""
    return _deleted(session, _PATIENT.not_like(f"{patient_mark.partition(':')[0]}:%"))


def _deleted(session: Session, of: ColumnElement[bool]) -> list[str]:
    query = select(AuditEvent).where(AuditEvent.action == DELETED, of).order_by(AuditEvent.id)
    return list(dict.fromkeys(prefix for event in session.scalars(query) for prefix in event.detail["prefixes"]))


def deletions_of(session: Session, target_id: str) -> Sequence[AuditEvent]:
    """The events that deleted a case or an image and name the folders of its objects, the oldest first.

    Of an image that was deleted with its case, those of the case.
    """
    deleting = AuditEvent.action.in_(("case.delete", "image.remove", "image.exclude", DELETED))
    folder = layout.image_folder(target_id)
    named = or_(AuditEvent.target_id == target_id, cast(AuditEvent.detail, String).contains(folder, autoescape=True))
    events = session.scalars(select(AuditEvent).where(deleting, named).order_by(AuditEvent.id))
    found = [event for event in events if "prefixes" in event.detail]
    return [event for event in found if event.target_id == target_id or folder in event.detail["prefixes"]]


def first_told_of(session: Session, target_id: str) -> datetime | None:
    """When the audit log first names an object."""
    return session.scalar(select(func.min(AuditEvent.at)).where(AuditEvent.target_id == target_id))


def has_row(session: Session, target_id: str) -> bool:
    """Whether there is a case or an image of this id."""
    return session.get(Case, target_id) is not None or session.get(Image, target_id) is not None


def backup_folders(session: Session) -> list[str]:
    """The folders that backups were written to, those of the oldest first."""
    events = session.scalars(select(AuditEvent).where(AuditEvent.action == BACKUP_CREATED).order_by(AuditEvent.at))
    return list(dict.fromkeys(str(event.detail.get("folder", "")) for event in events))


def backups_since(session: Session, first: datetime) -> Sequence[AuditEvent]:
    """The events of backups that were made since a time, the oldest first."""
    query = select(AuditEvent).where(AuditEvent.action == BACKUP_CREATED, AuditEvent.at >= first)
    return session.scalars(query.order_by(AuditEvent.at)).all()
