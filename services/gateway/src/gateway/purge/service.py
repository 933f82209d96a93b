"""Purges a patient, case by case: first rows, then objects. Finally checks whether anything is left.

The transaction that deletes rows writes an event with the folders of their objects. A purge that breaks off is
repeated: it deletes what is left, in the folders of earlier purges of the patient too, and certifies that.
"""

import hashlib
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from gateway.audit.service import record
from gateway.cases import repository as cases
from gateway.cases import service as case_service
from gateway.clock import now
from gateway.corrections import removal
from gateway.database import SessionFactory, new_id, overwrite_deleted, read
from gateway.deletion import repository as deletion
from gateway.deletion.service import delete_rows
from gateway.errors import ProblemError
from gateway.images import repository as images
from gateway.images.identity import Fingerprints
from gateway.jobs import repository as jobs
from gateway.nodes.models import Task
from gateway.purge import repository
from gateway.purge.repository import DELETED
from gateway.purge.schemas import BackupNamed, Certificate, Deleted
from lobule.imaging.header import DicomIdentity
from lobule.storage import ObjectStore, StoredObject

log = structlog.get_logger()

Note = Callable[[Session, str, str, str, dict[str, object]], None]
"""Writes an event: its action, the kind and the id of what it is about, and what it says."""
_PARTIAL_AGE = timedelta(hours=1)


class Purge:
    """Deletes everything of a patient.

    Args:
        sessions: Opens transactions.
        store: The object store.
        prints: Makes the fingerprint by which the patient's images are found.
    """

    def __init__(self, sessions: SessionFactory, store: ObjectStore, prints: Fingerprints) -> None:
        self._sessions, self._store, self._prints = sessions, store, prints
        self._done, self._prefixes, self._tasks = Deleted(), list[str](), list[str]()
        self._left_previews = 0

    def run(self, patient_id: str, *, by: str, reason: str, note: Note, dry_run: bool = False) -> Certificate:
        """Delete all cases with an image of the patient, and the images without a case.

        Identifiers that the hospital has merged are of one patient.

        Args:
            patient_id: PatientID as the films have it.
            by: The user who requested it.
            reason: Reason, without names.
            note: Writes the events.
            dry_run: Whether to count only.

        Raises:
            ProblemError: `patient_is_nobody`, 422, if the PatientID is one that anonymised files have.
        """
        mark = self._prints.of(DicomIdentity(patient_id=patient_id)).patient_id_mark
        if mark is None:
            raise ProblemError(422, "patient_is_nobody")
        began = now()
        marks = read(self._sessions, lambda session: repository.marks_of(session, mark))
        before = read(self._sessions, lambda session: repository.deleted_before(session, marks))
        case_ids, lone, first, shared = read(self._sessions, lambda session: _found(session, mark, marks))
        for case_id in case_ids:
            about = _Rows("case", case_id, mark, lambda session, each=case_id: self._case(session, each, by))
            self._delete(about, note, dry_run=dry_run)
        for image_id in lone:
            about = _Rows("image", image_id, mark, lambda session, each=image_id: self._image(session, each))
            self._delete(about, note, dry_run=dry_run)
        self._delete_answers(began, dry_run=dry_run)
        self._delete_objects(before, dry_run=dry_run)
        if not dry_run:
            self._delete_previews()
            self._tolerantly("partial objects", lambda: self._store.forget_partial(now() - _PARTIAL_AGE))
        certificate = Certificate(
            id=new_id(),
            at=now(),
            by=by,
            reason=reason,
            patient_mark=mark,
            merged_identifiers=len(marks) - 1,
            dry_run=dry_run,
            case_ids=sorted(case_ids),
            deleted=self._done,
            left_rows=0 if dry_run else read(self._sessions, lambda session: len(repository.images_of(session, mark))),
            left_objects=0 if dry_run else self._left_previews + sum(map(self._left, self._prefixes)),
            shared_cases=shared,
            nodes=self._tasks,
            backups=read(self._sessions, lambda session: _backups(session, first)),
        )
        if not dry_run:
            self._note(certificate, marks, note)
            if not overwrite_deleted(self._sessions):
                log.warning("deleted_rows_not_overwritten")
        return certificate

    def _delete(self, rows: "_Rows", note: Note, *, dry_run: bool) -> None:
        session = self._sessions()
        try:
            prefixes = rows.remove(session)
            if dry_run:
                session.rollback()
            else:
                detail: dict[str, object] = {"patient_mark": rows.patient_mark, "prefixes": prefixes}
                if prefixes:
                    note(session, DELETED, rows.kind, rows.id, detail)
                session.commit()
        finally:
            session.close()
        self._delete_objects(prefixes, dry_run=dry_run)

    def _delete_answers(self, before: datetime, *, dry_run: bool) -> None:
        """Delete all kept answers from before a time: they are encrypted, so nobody knows whom they are about."""
        session = self._sessions()
        try:
            self._done.answers += repository.delete_answers(session, before)
            if not dry_run:
                session.commit()
        finally:
            session.close()

    def _delete_objects(self, prefixes: Sequence[str], *, dry_run: bool) -> None:
        """Delete objects of rows that are gone, and count them; what a store does not delete is counted as left."""
        for prefix in prefixes:
            found = self._listed(prefix) or []
            self._done.objects += len(found)
            self._done.bytes += sum(each.size_bytes for each in found)
            if not dry_run:
                self._prefixes.append(prefix)
                self._tolerantly(prefix, lambda each=prefix: self._store.delete(each))

    def _delete_previews(self) -> None:
        """Delete all previews: nobody knows whose they are, and they are drawn again. New ones may come meanwhile."""
        found = self._listed("previews")
        keys = {each.key for each in found or ()}
        for key in sorted(keys):
            self._tolerantly(key, lambda each=key: self._store.delete(each))
        for folder in sorted({"/".join(key.split("/")[:2]) for key in keys}):  # of a user, with its data keys
            self._tolerantly(folder, lambda each=folder: self._store.delete(each))
        after = self._listed("previews")
        self._left_previews = 1 if found is None or after is None else sum(each.key in keys for each in after)

    def _left(self, prefix: str) -> int:
        """How many objects a folder has; 1 if that cannot be told."""
        found = self._listed(prefix)
        return 1 if found is None else len(found)

    def _listed(self, prefix: str) -> list[StoredObject] | None:
        """The objects of a folder; None if the store does not tell."""
        found: list[StoredObject] = []
        done = self._tolerantly(prefix, lambda: found.extend(self._store.entries(prefix)))
        return found if done else None

    def _tolerantly(self, what: str, call: Callable[[], object]) -> bool:
        """Call the store; False if that fails. The purge continues, and certifies what is left."""
        try:
            call()
        except Exception as error:  # noqa: BLE001 - whatever a store raises, the rows are gone already
            log.warning("object_not_purged", object=what, error=repr(error))
            return False
        return True

    def _case(self, session: Session, case_id: str, by: str) -> list[str]:
        held = deletion.image_ids(session, case_id)
        for image_id in held:  # steps before the case, as a worker that completes one
            jobs.lock_steps_of_image(session, image_id)
        if repository.case(session, case_id) is None:
            return []
        case = cases.locked(session, case_id)
        for image in images.with_apart(session, case_id):
            removal.cancel_analyses(session, image)
        self._done.cases += 1
        self._done.images += len(held)
        self._done.analyses += deletion.analyses(session, held)
        self._done.dicom_objects += len(deletion.instances(session, case_id))
        if repository.is_node(session, case.owner_id):
            task = Task(user_id=case.owner_id, kind="purge", peer=case_id, asked_by=by[:100])
            session.add(task)
            session.flush()
            self._tasks.append(task.id)
        self._messages(session, held, case_id)
        return delete_rows(session, case_id, keep_notices=True)

    def _image(self, session: Session, image_id: str) -> list[str]:
        image = images.by_id(session, image_id)
        if image is None:
            return []
        jobs.lock_steps_of_image(session, image_id)
        if not images.refresh(session, image):  # removed meanwhile, or moved: the case that it is in now is updated
            return []
        removal.cancel_analyses(session, image)
        self._done.images += 1
        self._done.analyses += deletion.analyses(session, [image_id])
        self._messages(session, [image_id])
        case_id = image.case_id  # of a film that was kept apart
        prefixes = removal.delete_rows(session, image_id)
        session.expire_all()
        if case_id is not None:
            case_service.refresh(session, case_id)
        return prefixes

    def _messages(self, session: Session, image_ids: Sequence[str], case_id: str | None = None) -> None:
        job_ids = [each for image_id in image_ids for each in jobs.ids_of_image(session, image_id)]
        self._done.messages += repository.delete_messages(session, job_ids, case_id)

    def _note(self, certificate: Certificate, marks: Set[str], note: Note) -> None:
        said = certificate.model_dump_json()
        detail = {
            "certificate_sha256": hashlib.sha256(said.encode()).hexdigest(),
            "patient_mark": certificate.patient_mark,
            "reason": certificate.reason,
            **certificate.deleted.model_dump(),
        }
        with self._sessions.begin() as session:
            repository.forget_identifiers(session, marks)
            note(session, "patient.purge", "certificate", certificate.id, detail)


@dataclass(frozen=True)
class _Rows:
    """What one transaction deletes of a patient; `remove` returns the folders of its objects."""

    kind: str
    id: str
    patient_mark: str
    remove: Callable[[Session], list[str]]


def note_of_command(session: Session, action: str, kind: str, target_id: str, detail: dict[str, object]) -> None:
    """Write an event of a purge that was started on the server itself."""
    record(session, None, "lobule", action, kind, target_id, detail)


def _found(session: Session, mark: str, marks: Set[str]) -> tuple[list[str], list[str], datetime | None, int]:
    """The patient's cases, images without a case, the time of the first one, and how many cases have others' files."""
    found = repository.images_of(session, mark)
    in_cases = [image for image in found if image.case_id is not None and not image.apart]
    own = {image.case_id for image in in_cases if image.identity.patient_id_mark == mark}
    # Those by which the others are found are the last: a purge that was interrupted can be repeated.
    case_ids = sorted({image.case_id for image in in_cases if image.case_id}, key=lambda each: (each in own, each))
    lone = [image.id for image in found if image.case_id is None or (image.apart and image.case_id not in case_ids)]
    shared = sum(repository.has_others(session, case_id, marks) for case_id in case_ids)
    return case_ids, lone, found[0].created_at if found else None, shared


def _backups(session: Session, first: datetime | None) -> list[BackupNamed]:
    events = [] if first is None else repository.backups_since(session, first)
    return [BackupNamed(made_at=each.at, folder=str(each.detail.get("folder", ""))) for each in events]
