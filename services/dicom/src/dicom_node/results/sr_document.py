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
        form: Its SOP class.
        films: That it is about; the evidence.
        content: The root of its content tree.
        uid: Of the object.
        series_uid: Of its series; each report has one of its own, since viewers show the newest of a series alone.
        series_number: Of the series.
        description: Of the series.
        previous: The report that this one takes the place of, or adds to.
        verifications: Who signed what it says, and when; none: nobody.
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
