"""Keeps DICOM objects that were made of a case."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from io import BufferedReader
from typing import TYPE_CHECKING, BinaryIO, cast

from sqlalchemy.orm import Session

from gateway.cases.models import Case
from gateway.dicomweb import repository
from gateway.dicomweb.headers import read_header, text
from gateway.dicomweb.models import ResultInstance
from gateway.errors import ProblemError
from gateway.images import repository as images
from gateway.images.identity import Fingerprints
from gateway.images.models import FileIdentity
from gateway.names.policy import NamePolicy, StoredFile
from gateway.uploads.receiving import Upload
from lobule.errors import AnalysisError
from lobule.imaging.header import DicomIdentity
from lobule.storage import ObjectStore

if TYPE_CHECKING:  # pydicom brings NumPy, which a gateway without DICOMweb never needs
    from pydicom.dataset import Dataset

_STORAGE = "1.2.840.10008.5.1.4.1.1."
RESULT_CLASSES = frozenset(
    _STORAGE + kind
    for kind in (
        "7",  # secondary capture
        "11.1",  # presentation state
        "66.4",  # segmentation
        "88.11",  # basic text report
        "88.22",  # enhanced report
        "88.33",  # comprehensive report
        "88.34",  # comprehensive 3D report
        "88.50",  # mammography CAD report
        "104.1",  # encapsulated PDF
    )
)


@dataclass(frozen=True)
class ReceivedResult:
    """A result whose file has been read, and stored without names if the policy says so.

    Attributes:
        upload: The object.
        marks: Fingerprints by which it is found.
        stored: The stored file.
    """

    upload: Upload
    marks: FileIdentity
    stored: StoredFile


def take_in(store: ObjectStore, prints: Fingerprints, names: NamePolicy, upload: Upload) -> ReceivedResult:
    """Read and rewrite a received result. No transaction may be open: a large one takes seconds.

    Args:
        store: The object store.
        prints: Makes fingerprints.
        names: What becomes of patients' names.
        upload: The object.

    Raises:
        ProblemError: `not_a_result`, 422, for what is no result in DICOM.
    """
    with store.open(upload.object_key) as stream:
        if stream.read(132)[128:] != b"DICM":
            raise ProblemError(422, "not_a_result")
        stream.seek(0)
        header = _header(stream)
    identity = _identity(header)
    marks = prints.of(identity)
    modality = marks.dicom_modality
    if marks.sop_class not in RESULT_CLASSES or not (modality and marks.series_mark and marks.instance_mark):
        raise ProblemError(422, "not_a_result")
    try:
        stored = names.deidentify(store, upload.object_key, "result", identity)
    except AnalysisError:
        raise ProblemError(422, "not_a_result") from None
    return ReceivedResult(upload, marks, stored)


def keep(session: Session, store: ObjectStore, case: Case, received: ReceivedResult) -> tuple[ResultInstance, bool]:
    """Add a received result to its case; the flag is whether it is new.

    Args:
        session: The transaction.
        store: The object store.
        case: That it was made of.
        received: The result.

    Raises:
        ProblemError: `other_study`, 409, for one of a study or a patient of which the case has no film, and
            `conflict`, 409, if another object has its UID.
    """
    upload, marks, stored = received.upload, received.marks, received.stored
    assert marks.instance_mark
    films = {(film.identity.study_mark, film.identity.patient_id_mark) for film in images.of_case(session, case.id)}
    if marks.study_mark is None or (marks.study_mark, marks.patient_id_mark) not in films:
        raise ProblemError(409, "other_study")
    known = repository.same_instance(session, case.id, marks.instance_mark)
    if known is not None:
        if known.received_sha256 is None:  # the version before stored it
            same = _digest(store, known) in (stored.sha256, upload.sha256)
        else:  # what is stored of the same one may differ: the policy for names may have been another one
            same = known.received_sha256 == upload.sha256
        if not same:
            raise ProblemError(409, "conflict")
        return known, False
    new = _row(case, upload, marks)
    new.size_bytes = stored.size_bytes
    session.add(new)
    session.flush()
    if stored.identity is not None:
        session.add(stored.identity)
    return new, True


def _digest(store: ObjectStore, known: ResultInstance) -> str:
    with store.open(known.object_key) as stream:
        return hashlib.file_digest(cast("BufferedReader", stream), "sha256").hexdigest()


def _header(stream: BinaryIO) -> Dataset:
    try:
        return read_header(stream)
    except ProblemError:
        raise ProblemError(422, "not_a_result") from None


def _row(case: Case, upload: Upload, marks: FileIdentity) -> ResultInstance:
    assert marks.study_mark
    assert marks.series_mark
    assert marks.instance_mark
    assert marks.sop_class
    assert marks.dicom_modality
    return ResultInstance(
        id=upload.image_id,
        case_id=case.id,
        patient_id_mark=marks.patient_id_mark,
        accession_mark=marks.accession_mark,
        study_mark=marks.study_mark,
        series_mark=marks.series_mark,
        instance_mark=marks.instance_mark,
        sop_class=marks.sop_class,
        modality=marks.dicom_modality,
        study_date=marks.study_date,
        object_key=upload.object_key,
        size_bytes=upload.size_bytes,
        received_sha256=upload.sha256,
    )


def _identity(header: Dataset) -> DicomIdentity:
    return DicomIdentity(
        patient_id=text(header, "PatientID"),
        study_instance_uid=text(header, "StudyInstanceUID"),
        series_instance_uid=text(header, "SeriesInstanceUID"),
        sop_instance_uid=text(header, "SOPInstanceUID"),
        sop_class_uid=text(header, "SOPClassUID"),
        study_date=_day(text(header, "StudyDate")),
        accession_number=text(header, "AccessionNumber"),
        modality=text(header, "Modality"),
    )


def _day(said: str) -> date | None:
    try:
        return datetime.strptime(said, "%Y%m%d").date()
    except ValueError:
        return None
