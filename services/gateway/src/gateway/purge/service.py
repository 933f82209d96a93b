"""Purges a patient: rows first, objects after them, case by case; then looks whether anything is left.

A purge that breaks off is repeated: it deletes what is left, and certifies that.
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from gateway.audit.service import record
from gateway.cases import repository as cases
from gateway.clock import now
from gateway.corrections import removal
from gateway.database import SessionFactory, new_id, read
from gateway.deletion import repository as deletion
from gateway.deletion.service import delete_rows
from gateway.images import repository as images
from gateway.images.identity import Fingerprints
from gateway.images.models import Image
from gateway.jobs import repository as jobs
from gateway.nodes.models import Task
from gateway.purge import repository
from gateway.purge.schemas import BackupNamed, Certificate, Deleted
from lobule.imaging.header import DicomIdentity
from lobule.storage import ObjectStore

Note = Callable[[Session, str, dict[str, object]], None]
"""Writes the event of a certificate, by its id and with what it says."""
_PARTIAL_AGE = timedelta(hours=1)


class Purge:
    """Deletes everything of a patient.

    Args:
        sessions: Of the database.
        store: Its objects.
        prints: Makes the fingerprint that the patient's images are found by.
    """

    def __init__(self, sessions: SessionFactory, store: ObjectStore, prints: Fingerprints) -> None:
        self._sessions, self._store, self._prints = sessions, store, prints
        self._done, self._prefixes, self._tasks = Deleted(), list[str](), list[str]()

    def run(self, patient_id: str, *, by: str, reason: str, note: Note, dry_run: bool = False) -> Certificate:
        """Delete all cases with an image of the patient, and the images without a case.

        Args:
            patient_id: As the films have it.
            by: Who asked for it.
            reason: Why, without names.
            note: Writes the event of the certificate.
            dry_run: Only count.
        """
        mark = self._prints.of(DicomIdentity(patient_id=patient_id)).patient_id_mark
        case_ids, lone, first, shared = read(self._sessions, lambda session: _found(session, mark))
        for case_id in case_ids:
            self._delete(lambda session, each=case_id: self._case(session, each, by), dry_run=dry_run)
        for image_id in lone:
            self._delete(lambda session, each=image_id: self._image(session, each), dry_run=dry_run)
        if not dry_run:
            self._store.delete("previews")  # nobody knows whose they are, and they are drawn again
            self._store.forget_partial(now() - _PARTIAL_AGE)
        certificate = Certificate(
            id=new_id(),
            at=now(),
            by=by,
            reason=reason,
            patient_mark=mark,
            dry_run=dry_run,
            case_ids=case_ids,
            deleted=self._done,
            left_rows=0 if dry_run else read(self._sessions, lambda session: len(_images(session, mark))),
            left_objects=0 if dry_run else sum(1 for prefix in self._prefixes for _ in self._store.entries(prefix)),
            shared_cases=shared,
            nodes=self._tasks,
            backups=read(self._sessions, lambda session: _backups(session, first)),
        )
        if not dry_run:
            self._note(certificate, note)
        return certificate

    def _delete(self, remove: Callable[[Session], list[str]], *, dry_run: bool) -> None:
        session = self._sessions()
        try:
            prefixes = remove(session)
            self._done.objects += len(found := [each for prefix in prefixes for each in self._store.entries(prefix)])
            self._done.bytes += sum(each.size_bytes for each in found)
            if dry_run:
                session.rollback()
                return
            session.commit()
        finally:
            session.close()
        self._prefixes += prefixes
        for prefix in prefixes:
            self._store.delete(prefix)

    def _case(self, session: Session, case_id: str, by: str) -> list[str]:
        held = deletion.image_ids(session, case_id)
        for image_id in held:  # steps before the case, as a worker that completes one
            jobs.lock_steps_of_image(session, image_id)
        if repository.case(session, case_id) is None:
            return []
        case = cases.locked(session, case_id)
        for image in images.of_case(session, case_id):
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
        return delete_rows(session, case_id)

    def _image(self, session: Session, image_id: str) -> list[str]:
        image = images.by_id(session, image_id)
        if image is None:
            return []
        jobs.lock_steps_of_image(session, image_id)
        removal.cancel_analyses(session, image)
        self._done.images += 1
        self._done.analyses += deletion.analyses(session, [image_id])
        return removal.delete_rows(session, image_id)

    def _note(self, certificate: Certificate, note: Note) -> None:
        said = certificate.model_dump_json()
        detail = {
            "certificate_sha256": hashlib.sha256(said.encode()).hexdigest(),
            "patient_mark": certificate.patient_mark,
            "reason": certificate.reason,
            **certificate.deleted.model_dump(),
        }
        with self._sessions.begin() as session:
            note(session, certificate.id, detail)


def note_of_command(session: Session, certificate_id: str, detail: dict[str, object]) -> None:
    """Write the event of a purge that was started on the server itself."""
    record(session, None, "lobule", "patient.purge", "certificate", certificate_id, detail)


def _images(session: Session, mark: str | None) -> Sequence[Image]:
    return [] if mark is None else repository.images_of(session, mark)


def _found(session: Session, mark: str | None) -> tuple[list[str], list[str], datetime | None, int]:
    """The patient's cases, images without a case, the time of the first one, and how many cases have others' files."""
    found = _images(session, mark)
    case_ids = sorted({image.case_id for image in found if image.case_id is not None})
    lone = [image.id for image in found if image.case_id is None]
    shared = sum(repository.has_others(session, case_id, mark or "") for case_id in case_ids)
    return case_ids, lone, found[0].created_at if found else None, shared


def _backups(session: Session, first: datetime | None) -> list[BackupNamed]:
    events = [] if first is None else repository.backups_since(session, first)
    return [BackupNamed(made_at=each.at, folder=str(each.detail.get("folder", ""))) for each in events]
