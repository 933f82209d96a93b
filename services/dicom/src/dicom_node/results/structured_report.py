"""Findings of the system, and a reader's verdicts on them, as Comprehensive 3D SR by TID 1500 (DICOM PS3.16)."""

from collections.abc import Sequence

from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.uid import UID, generate_uid

from dicom_node.results import concepts
from dicom_node.results.concepts import DCM, PIXELS, SCT
from dicom_node.results.examination import Signed
from dicom_node.results.film import AnalysedFilm, FailedFilm, person_name
from dicom_node.results.measurements import drawn, measured, name_observer, system_as_observer
from dicom_node.results.sr_document import make_document

_EVALUATIONS = sr.CodedConcept("C0034375", "UMLS", "Qualitative Evaluations")
_SOURCE = sr.CodedConcept("260753009", "SCT", "Source")
_Groups = Sequence[sr.PlanarROIMeasurementsAndQualitativeEvaluations]


def structured_report(
    films: Sequence[AnalysedFilm], *, uid: UID, series_uid: UID, previous: Dataset | None = None
) -> Dataset:
    """A group of measurements for each marked finding, and a library of all films.

    Args:
        films: The films of one study, at least one.
        uid: SOP Instance UID of the report.
        series_uid: Series Instance UID.
        previous: The report that this one replaces.
    """
    return make_document(
        sr.Comprehensive3DSR,
        films,
        _content(
            films,
            [measured(film, finding) for film in films for finding in film.result.marked_findings()],
            system_as_observer(films),
        ),
        uid=uid,
        series_uid=series_uid,
        series_number=9001,
        description="Lobule findings (research use only)",
        previous=previous,
    )


def verdict_report(
    films: Sequence[AnalysedFilm],
    signed: Signed,
    failed: Sequence[FailedFilm] = (),
    *,
    uid: UID,
    series_uid: UID,
    previous: Dataset | None = None,
) -> Dataset:
    """The findings that the reader confirmed or dismissed, and those that readers drew, on failed films as well.

    A finding without a verdict is left out, although it is marked: the report is verified, and the reader its observer.

    Args:
        films: The films of one study; empty only if some failed.
        signed: What the reader signed.
        failed: Films of the study that could not be analysed.
        uid: SOP Instance UID of the report.
        series_uid: Series Instance UID.
        previous: The report of the system's findings that the verdicts are about.
    """
    groups: list[sr.PlanarROIMeasurementsAndQualitativeEvaluations] = []
    observers: list[str] = []
    for film in films:
        for finding in film.result.findings:
            review = signed.verdict_of(film, finding.id)
            if review and review.verdict:
                groups.append(measured(film, finding, review.verdict))
                observers.append(review.reviewer)
    shown = [*films, *(film for film in failed if signed.drawn_on(film))]
    own = [(film, each) for film in shown for each in signed.drawn_on(film)]
    groups += [drawn(film, each) for film, each in own]
    observers += [each.author for _, each in own]
    if signed.others:  # of several readers, each answers for what is theirs
        for group, observer in zip(groups, observers, strict=True):
            name_observer(group[0], observer)
    person = sr.PersonObserverIdentifyingAttributes(name=person_name(signed.reader))
    observer = sr.ObserverContext(observer_type=DCM.Person, observer_identifying_attributes=person)
    return make_document(
        sr.Comprehensive3DSR,
        shown or failed,
        _content(shown or failed, groups, sr.ObservationContext(observer_person_context=observer)),
        uid=uid,
        series_uid=series_uid,
        series_number=9008,
        description=f"Lobule verdicts, signed version {signed.version} (research use only)",
        previous=previous,
        verifications=signed.verifications,
    )


def _content(films: Sequence[AnalysedFilm | FailedFilm], groups: _Groups, observer: sr.ObservationContext) -> Dataset:
    content = sr.MeasurementReport(
        observation_context=observer,
        procedure_reported=SCT.Mammography,
        imaging_measurements=groups or [_nothing()],
        title=DCM.ImagingMeasurementReport,
    )
    _insert_library(content[0], films)
    if not groups:
        _say_nothing_was_marked(content[0])
    return content[0]


def _nothing() -> sr.MeasurementsAndQualitativeEvaluations:
    """A placeholder group, because highdicom requires one; it is removed afterwards."""
    named = sr.TrackingIdentifier(uid=generate_uid(), identifier="none")
    return sr.MeasurementsAndQualitativeEvaluations(tracking_identifier=named)


def _say_nothing_was_marked(root: Dataset) -> None:
    """Replace the measurements by a text (TID 1500, row 12), because the template requires one of the two."""
    contains = sr.RelationshipTypeValues.CONTAINS
    evaluations = sr.ContainerContentItem(name=_EVALUATIONS, relationship_type=contains)
    sentence = sr.TextContentItem(name=DCM.Finding, value="No finding was marked.", relationship_type=contains)
    evaluations.ContentSequence = sr.ContentSequence([sentence])
    items = [item for item in root.ContentSequence if item.name != DCM.ImagingMeasurements]
    root.ContentSequence = sr.ContentSequence([*items, evaluations])


def _insert_library(root: Dataset, films: Sequence[AnalysedFilm | FailedFilm]) -> None:
    """Put the library of the films before the measurements.

    By hand, since highdicom's own asks for tags that films may lack (PatientOrientation, ImagerPixelSpacing).
    """
    contains = sr.RelationshipTypeValues.CONTAINS
    group = sr.ContainerContentItem(name=DCM.ImageLibraryGroup, relationship_type=contains)
    group.ContentSequence = sr.ContentSequence([_entry(film) for film in films])
    library = sr.ContainerContentItem(name=DCM.ImageLibrary, relationship_type=contains)
    library.ContentSequence = sr.ContentSequence([group])
    items = list(root.ContentSequence)
    measured = next((n for n, item in enumerate(items) if item.name == DCM.ImagingMeasurements), len(items))
    root.ContentSequence = sr.ContentSequence([*items[:measured], library, *items[measured:]])


def _entry(film: AnalysedFilm | FailedFilm) -> sr.ImageContentItem:
    has = sr.RelationshipTypeValues.HAS_ACQ_CONTEXT
    header = film.header
    entry = sr.ImageContentItem(
        name=_SOURCE,
        referenced_sop_class_uid=header.SOPClassUID,
        referenced_sop_instance_uid=header.SOPInstanceUID,
        relationship_type=sr.RelationshipTypeValues.CONTAINS,
    )
    described: list[sr.ContentItem] = [
        sr.CodeContentItem(name=DCM.Modality, value=DCM.Mammography, relationship_type=has),
        sr.NumContentItem(name=DCM.PixelDataRows, value=header.Rows, unit=PIXELS, relationship_type=has),
        sr.NumContentItem(name=DCM.PixelDataColumns, value=header.Columns, unit=PIXELS, relationship_type=has),
    ]
    if film.laterality:
        described.insert(
            1,
            sr.CodeContentItem(name=DCM.ImageLaterality, value=concepts.SIDES[film.laterality], relationship_type=has),
        )
    entry.ContentSequence = sr.ContentSequence(described)
    return entry
