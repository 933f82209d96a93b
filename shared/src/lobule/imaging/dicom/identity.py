"""The identity of a DICOM file: its patient, study, series and instance."""

from dataclasses import dataclass
from datetime import date

from lobule.contracts.result import Laterality, MammographyView
from lobule.imaging.dicom.tags import Tags
from lobule.imaging.dicom.views import laterality_of, view_of
from lobule.imaging.dicom.vocabulary import Tag


@dataclass(frozen=True)
class DicomIdentity:
    """The patient and study of a DICOM file. Never log it.

    Each attribute is None if the file does not contain it in a readable form.

    Attributes:
        patient_id: (0010,0020).
        patient_name: (0010,0010), its alphabetic form, `Family^Given`.
        patient_birth_date: (0010,0030).
        study_instance_uid: (0020,000D).
        series_instance_uid: (0020,000E).
        sop_instance_uid: (0008,0018).
        sop_class_uid: (0008,0016).
        study_date: (0008,0020).
        laterality: Side of the breast.
        view: View of the film.
        accession_number: (0008,0050).
        modality: (0008,0060).
        patient_id_issuer: (0010,0021), the issuer of `patient_id`.
    """

    patient_id: str | None = None
    patient_name: str | None = None
    patient_birth_date: date | None = None
    study_instance_uid: str | None = None
    series_instance_uid: str | None = None
    sop_instance_uid: str | None = None
    sop_class_uid: str | None = None
    study_date: date | None = None
    laterality: Laterality | None = None
    view: MammographyView | None = None
    accession_number: str | None = None
    modality: str | None = None
    patient_id_issuer: str | None = None


def identity_of(tags: Tags) -> DicomIdentity:
    """Read the identity; attributes that cannot be read are None."""
    name = tags.text(Tag.PATIENT_NAME)
    return DicomIdentity(
        patient_id=tags.text(Tag.PATIENT_ID),
        patient_name=name.split("=")[0].strip(" ^") or None if name else None,
        patient_birth_date=tags.day(Tag.PATIENT_BIRTH_DATE),
        study_instance_uid=tags.text(Tag.STUDY_INSTANCE_UID),
        series_instance_uid=tags.text(Tag.SERIES_INSTANCE_UID),
        sop_instance_uid=tags.text(Tag.SOP_INSTANCE_UID),
        sop_class_uid=tags.text(Tag.SOP_CLASS_UID),
        study_date=tags.day(Tag.STUDY_DATE) or tags.day(Tag.ACQUISITION_DATE),
        laterality=laterality_of(tags)[0],
        view=view_of(tags)[0],
        accession_number=tags.text(Tag.ACCESSION_NUMBER),
        modality=tags.text(Tag.MODALITY),
        patient_id_issuer=tags.text(Tag.ISSUER_OF_PATIENT_ID),
    )
