"""A structured report as an object of the study (DICOM PS3.3, A.35)."""

from collections.abc import Sequence

from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.uid import UID

from dicom_node.results import concepts
from dicom_node.results.examination import Verification
from dicom_node.results.film import AnalysedFilm, FailedFilm, person_name

Document = sr.EnhancedSR | sr.ComprehensiveSR | sr.Comprehensive3DSR


def make_document(
    form: type[Document],
    films: Sequence[AnalysedFilm | FailedFilm],
    content: Dataset,
    *,
    uid: UID,
    series_uid: UID,
    series_number: int,
    description: str,
    previous: Dataset | None = None,
    verifications: Sequence[Verification] = (),
) -> Document:
    """A report with its header.

    Args:
        form: SOP class of the report.
        films: Films that the report is about; the evidence.
        content: Root of the content tree.
        uid: SOP Instance UID of the object.
        series_uid: Series Instance UID; each report has a series of its own, because viewers show only the newest of a
            series.
        series_number: Number of the series.
        description: Description of the series.
        previous: The report that this one replaces or adds to.
        verifications: Who signed the content, and when; empty if nobody did.
    """
    document = form(
        evidence=[film.header for film in films],
        content=content,
        series_instance_uid=series_uid,
        series_number=series_number,
        sop_instance_uid=uid,
        instance_number=1,
        series_description=description,
        is_complete=True,
        is_final=bool(verifications),
        previous_versions=None if previous is None else [previous],
        specific_character_set=films[0].header.SpecificCharacterSet,
        **concepts.EQUIPMENT,
    )
    if verifications:  # highdicom would say that they verified it now
        document.VerificationFlag = "VERIFIED"
        document.VerifyingObserverSequence = [_observer(each) for each in verifications]
    return document


def _observer(verification: Verification) -> Dataset:
    observer = Dataset()
    observer.VerifyingObserverName = person_name(verification.name)
    observer.VerifyingOrganization = "Signed in Lobule"
    observer.VerificationDateTime = verification.signed_at.strftime("%Y%m%d%H%M%S%z")
    observer.VerifyingObserverIdentificationCodeSequence = []
    return observer
