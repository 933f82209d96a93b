"""The report of a case as an encapsulated PDF (DICOM PS3.3, A.45.1)."""

from collections.abc import Sequence
from datetime import datetime

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID, EncapsulatedPDFStorage, ExplicitVRLittleEndian

from dicom_node.results import concepts
from dicom_node.results.film import AnalysedFilm, FailedFilm

_PATIENT_AND_STUDY = (
    "SpecificCharacterSet",
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
    "StudyDescription",
)


def encapsulated_pdf(
    pdf: bytes,
    films: Sequence[AnalysedFilm | FailedFilm],
    *,
    uid: UID,
    series_uid: UID,
    signed: int | None,
    made_at: datetime,
) -> Dataset:
    """A report as an object of the study.

    Args:
        pdf: The report.
        films: Films that the report is about.
        uid: SOP Instance UID of the object.
        series_uid: Series Instance UID.
        signed: The signed version; None for a draft.
        made_at: Time of creation.
    """
    header = films[0].header
    document = Dataset()
    for name in _PATIENT_AND_STUDY:
        if name in header:
            document[name] = header[name]
    document.file_meta = FileMetaDataset()
    document.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    document.SOPClassUID, document.SOPInstanceUID = EncapsulatedPDFStorage, uid
    document.Modality, document.ConversionType = "DOC", "WSD"
    document.SeriesInstanceUID, document.SeriesNumber, document.InstanceNumber = series_uid, 9003, 1
    document.SeriesDescription = "Lobule report (research use only)"
    document.Manufacturer, document.ManufacturerModelName = concepts.MANUFACTURER, concepts.MODEL
    document.SoftwareVersions, document.DeviceSerialNumber = concepts.VERSION, concepts.SERIAL
    document.ContentDate, document.ContentTime = made_at.strftime("%Y%m%d"), made_at.strftime("%H%M%S")
    document.AcquisitionDateTime = ""
    document.BurnedInAnnotation = "YES"
    document.VerificationFlag = "UNVERIFIED" if signed is None else "VERIFIED"
    document.DocumentTitle = "Lobule draft, not signed" if signed is None else f"Lobule report, signed version {signed}"
    document.ConceptNameCodeSequence = Items([_title()])
    document.SourceInstanceSequence = Items([_reference(film.header) for film in films])
    document.MIMETypeOfEncapsulatedDocument = "application/pdf"
    document.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    document.EncapsulatedDocumentLength = len(pdf)
    return document


def _title() -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "18745-0", "LN", "Mammography report"
    return item


def _reference(header: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = header.SOPClassUID, header.SOPInstanceUID
    return item
