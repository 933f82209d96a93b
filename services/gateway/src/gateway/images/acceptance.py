"""Turns an upload into an image with a job: checks patient, date and duplicates."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway.cases import repository as cases
from gateway.cases.models import Case
from gateway.database import SessionFactory
from gateway.errors import ProblemError, not_found
from gateway.images import removal, repository
from gateway.images.identity import Fingerprints, PatientAttribute, differences
from gateway.images.models import Image
from gateway.images.schemas import ImageOptions, Twin, plausible_day
from gateway.images.service import Upload, check_place, look_at
from gateway.jobs import repository as jobs
from gateway.jobs import service as job_service
from gateway.jobs.models import Job
from gateway.users.models import User
from lobule.imaging.header import DicomIdentity, ImageHeader
from lobule.storage import ObjectStore

Note = Callable[[Session, Image, dict[str, Any]], None]
"""Writes to the audit log: in which transaction, of which image, and what is to be told."""


class Duplicate(Exception):  # noqa: N818 - not always an error: /diagnose answers with the job that exists
    """An image with the same bytes, and its newest job."""

    def __init__(self, image_id: str, job_id: str) -> None:
        super().__init__(image_id)
        self.image_id, self.job_id = image_id, job_id


def accept(
    sessions: SessionFactory,
    store: ObjectStore,
    fingerprints: Fingerprints,
    user: User,
    options: ImageOptions,
    upload: Upload,
    note: Note,
    *,
    interactive: bool,
) -> tuple[Image, Job]:
    """Turn an upload into an image with a job in one transaction. It is accepted only when this returns.

    Args:
        sessions: For the transaction.
        store: Where the upload lies.
        fingerprints: Of patients.
        user: Becomes the owner; of an image of a case, the case's owner does.
        options: What the uploader said of it.
        upload: What was received.
        note: Called in the transaction.
        interactive: Whether a person waits for it at the portal.

    Raises:
        AnalysisError: Where the header is refused.
        Duplicate: Where the owner has the same bytes as the same modality in this case (sent without one: anywhere).
        ProblemError: `other_patient` or `image_signed` (409), or `not_found` (404, the image to be replaced).
    """
    header = look_at(store, upload, options.modality)
    image = _image(user, options, upload, header, fingerprints)
    left: list[str] = []
    try:
        with sessions.begin() as session:
            check_place(session, user, options)  # again: the case or the image may have gone during the upload
            if options.case_id is not None:  # an administrator's upload is for the case's owner, who has to see it
                image.owner_id = session.get_one(Case, options.case_id).owner_id
            replaced = session.get(Image, options.replaces) if options.replaces is not None else None
            detail: dict[str, Any] = {"sha256": image.sha256}
            if replaced is not None:
                detail["replaces"] = replaced.id
                left = _make_room(session, image, replaced)
            if image.case_id is not None:
                cases.locked(session, image.case_id)  # two uploads at once must see one another's patient
                others = repository.of_case(session, image.case_id)
                detail |= refuse_other_patient(image, others, accepted=options.accept_other_patient)
            _refuse_duplicate(session, image)
            if options.replaces is not None and replaced is None:
                raise not_found("image")
            session.add(image)
            session.flush()  # a second upload of the same bytes at the same moment fails here
            job = job_service.open_job(session, image, interactive=interactive)
            note(session, image, detail)
    except IntegrityError:
        store.delete(upload.object_key)
        with sessions.begin() as session:
            _refuse_duplicate(session, image)
        raise
    except BaseException:
        store.delete(upload.object_key)
        raise
    removal.delete_objects(store, left)
    return image, job


def _image(user: User, options: ImageOptions, upload: Upload, header: ImageHeader, fingerprints: Fingerprints) -> Image:
    file = header.dicom or DicomIdentity()
    film = options.modality == "mammography"
    day = file.study_date if file.study_date and plausible_day(file.study_date) else None
    return Image(
        id=upload.image_id,
        owner_id=user.id,
        case_id=options.case_id,
        file_name=upload.file_name,
        media_type=header.media_type,
        size_bytes=upload.size_bytes,
        sha256=upload.sha256,
        modality=options.modality,
        width=header.width,
        height=header.height,
        magnification=options.magnification,
        view=options.view or (file.view if film else None),
        laterality=options.laterality or (file.laterality if film else None),
        study_date=options.study_date or day,
        file_view=file.view,
        file_laterality=file.laterality,
        file_study_date=day,
        object_key=upload.object_key,
        **asdict(fingerprints.of(header.dicom)),
    )


def _make_room(session: Session, image: Image, replaced: Image) -> list[str]:
    """Remove the image that another replaces. Its description applies to the new one where none was given."""
    if replaced.modality == image.modality:
        for name in ("magnification", "view", "laterality", "study_date"):
            setattr(image, name, getattr(image, name) or getattr(replaced, name))
    return removal.take_out(session, replaced)


def refuse_other_patient(image: Image, others: Sequence[Image], *, accepted: bool) -> dict[str, list[PatientAttribute]]:
    """Refuse to put an image of another patient into a case.

    Gives what differs, for the audit log, where it is accepted.

    Args:
        image: The image.
        others: Those of the case.
        accepted: Whether the user said that it belongs there.

    Raises:
        ProblemError: `other_patient`, 409.
    """
    differing = differences(image, [other for other in others if other.id != image.id])
    if differing and not accepted:
        raise ProblemError(
            409,
            "other_patient",
            "This file names another patient than the images of this case, so it was not added. Please check it. If it "
            "belongs to this case, send it again with accept_other_patient.",
            differs=differing,
        )
    return {"other_patient_accepted": differing} if differing else {}


def _refuse_duplicate(session: Session, image: Image) -> None:
    """Refuse a duplicate within a case. A program that names no case is told of the existing analysis."""
    twins = repository.twins(session, image.owner_id, image.modality, image.sha256)
    same = [twin for twin in twins if image.case_id in (None, twin.case_id)]
    # A caseless twin of a caseless image goes first: that is the one which was sent before in the same way.
    if same:
        known = next((twin for twin in same if twin.case_id == image.case_id), same[0])
        raise Duplicate(known.id, _latest_job(session, known).id)


def also_in(session: Session, image: Image) -> list[Twin]:
    """The owner's other images with the same bytes and modality, newest first."""
    twins = repository.twins(session, image.owner_id, image.modality, image.sha256)
    return [_twin(session, twin) for twin in twins if twin.id != image.id]


def _twin(session: Session, image: Image) -> Twin:
    case = session.get(Case, image.case_id) if image.case_id else None
    pseudonym = case.pseudonym if case else None
    return Twin(image_id=image.id, job_id=_latest_job(session, image).id, case_id=image.case_id, pseudonym=pseudonym)


def _latest_job(session: Session, image: Image) -> Job:
    job = jobs.latest_of_image(session, image.id)
    assert job is not None, "an image is never without a job"
    return job
