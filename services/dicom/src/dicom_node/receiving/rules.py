"""Decides which SOP classes are negotiated and which of their objects are accepted as films."""

from pathlib import Path

import pydicom

from dicom_node.routing import Routing
from dicom_node.statuses import Answer, Status
from lobule.errors import AnalysisError
from lobule.imaging.dicom.file import ENCAPSULATED, NATIVE
from lobule.imaging.dicom.kind import FILMS
from lobule.imaging.header import DicomIdentity, read_header

FILM_CLASSES = frozenset(FILMS)
TRANSFER_SYNTAXES = [*NATIVE, *ENCAPSULATED]
"""All that the workers can read; none is converted."""

_STORAGE = "1.2.840.10008.5.1.4.1.1."
REFUSED_CLASSES = frozenset(
    _STORAGE + kind
    for kind in (
        "1.1.1",  # digital X-ray, for processing
        "1.2.1",  # digital mammography X-ray, for processing
        "2",  # computed tomography
        "4",  # magnetic resonance
        "6.1",  # ultrasound
        "7.1",  # secondary capture of one bit
        "11.1",  # presentation state
        "66.4",  # segmentation
        "88.11",  # basic text report
        "88.22",  # enhanced report
        "88.33",  # comprehensive report
        "88.34",  # comprehensive 3D report
        "88.50",  # mammography CAD report
        "88.59",  # key object selection
        "88.67",  # radiation dose report
        "104.1",  # encapsulated PDF
    )
)
"""What often lies in a study beside its films.

They are negotiated, so that whoever sends a whole study is told for each object that it is not wanted, and goes on. Any
other class, such as tomosynthesis with its hundreds of megabytes, is not negotiated: nothing of it is transferred."""

_NOT_READABLE = frozenset({"empty_file", "image_unreadable", "too_many_pixels", "image_too_small"})


def refuse_class(sop_class_uid: str) -> Answer | None:
    """The answer to an object of a class that is not accepted."""
    if sop_class_uid in FILM_CLASSES:
        return None
    return Answer(Status.CLASS_NOT_SUPPORTED, "Lobule takes two-dimensional mammograms only.")


def identify(
    path: Path, sop_class_uid: str, sop_instance_uid: str, not_a_film: Status = Status.NOT_A_FILM
) -> DicomIdentity | Answer:
    """The identity of an object, or the reason why it is refused.

    Args:
        path: The file.
        sop_class_uid: SOP class that the sender named; empty if it named none.
        sop_instance_uid: SOP Instance UID that the sender named.
        not_a_film: Status for an object that is no film.
    """
    try:
        identity = read_header(path, "mammography").dicom
    except AnalysisError as error:
        unreadable = error.code in _NOT_READABLE
        return Answer(Status.CANNOT_UNDERSTAND if unreadable else not_a_film, f"{error.code}: not analysed")
    if identity is None:
        return Answer(Status.CANNOT_UNDERSTAND, "The object is not DICOM.")
    named = sop_class_uid or identity.sop_class_uid, sop_instance_uid
    if (identity.sop_class_uid, identity.sop_instance_uid) != named:
        return Answer(Status.NOT_A_FILM, "The data set names another object than the command.")
    if identity.study_instance_uid is None:
        return Answer(Status.CANNOT_UNDERSTAND, "The object has no StudyInstanceUID.")
    return identity


def judge(
    file: Path, sop_class_uid: str, sop_instance_uid: str, calling_ae: str, routing: Routing
) -> DicomIdentity | Answer:
    """The identity of a received object, or the answer that refuses it.

    Args:
        file: The object.
        sop_class_uid: SOP class that the sender named.
        sop_instance_uid: SOP Instance UID that the sender named.
        calling_ae: AE title of the sender.
        routing: The rules of the site.
    """
    if refused := refuse_class(sop_class_uid):
        return refused
    _, refused = routing.decide(file, calling_ae)
    return refused or identify(file, sop_class_uid, sop_instance_uid, Status(int(routing.not_a_film, 16)))


def judge_file(file: Path, calling_ae: str, routing: Routing) -> DicomIdentity | Answer:
    """The same for a file that was not received, using the UIDs in the file."""
    try:
        names = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=["SOPClassUID", "SOPInstanceUID"])
        sop_class, sop_instance = str(names.SOPClassUID), str(names.SOPInstanceUID)
    except Exception:  # noqa: BLE001 - pydicom raises whatever a converter raises
        return Answer(Status.CANNOT_UNDERSTAND, "The object is not DICOM.")
    return judge(file, sop_class, sop_instance, calling_ae, routing)
