"""A structured report as an object of the study (DICOM PS3.3, A.35)."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.uid import UID

from dicom_node.results import concepts
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
    reader: str | None = None,
    others: Sequence[str] = (),
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
        reader: Who signed what it says; None: nobody.
        others: Who verified it besides, where two people read the case.
    """
    verified: dict[str, Any] = {}
    if reader is not None:
        verified = {
            "is_verified": True,
            "verifying_observer_name": person_name(reader),
            "verifying_organization": "Signed in Lobule",
        }
    document = form(
        evidence=[film.header for film in films],
        content=content,
        series_instance_uid=series_uid,
        series_number=series_number,
        sop_instance_uid=uid,
        instance_number=1,
        series_description=description,
        is_complete=True,
        is_final=reader is not None,
        previous_versions=None if previous is None else [previous],
        specific_character_set=films[0].header.SpecificCharacterSet,
        **verified,
        **concepts.EQUIPMENT,
    )
    for name in others:
        observer = deepcopy(document.VerifyingObserverSequence[0])
        observer.VerifyingObserverName = person_name(name)
        document.VerifyingObserverSequence.append(observer)
    return document
