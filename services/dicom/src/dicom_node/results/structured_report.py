"""The findings of an examination as a Comprehensive 3D SR by TID 1500 (DICOM PS3.16)."""

from collections.abc import Sequence

import numpy as np
from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.uid import UID, generate_uid

from dicom_node.results import concepts
from dicom_node.results.concepts import DCM, PIXELS, SCT, UCUM
from dicom_node.results.film import AnalysedFilm
from lobule.contracts.result import Finding, ModelInfo

_EVALUATIONS = sr.CodedConcept("C0034375", "UMLS", "Qualitative Evaluations")
_SOURCE = sr.CodedConcept("260753009", "SCT", "Source")


def structured_report(
    films: Sequence[AnalysedFilm], *, uid: UID, series_uid: UID, previous: Dataset | None = None
) -> sr.Comprehensive3DSR:
    """A group of measurements for each marked finding, and a library of all films.

    Args:
        films: Of one study, at least one.
        uid: Of the report.
        series_uid: Of its series; each report has one of its own, since viewers show the newest of a series alone.
        previous: The report that this one takes the place of.
    """
    groups = [_group(film, finding) for film in films for finding in film.result.marked_findings()]
    content = sr.MeasurementReport(
        observation_context=_observer(films[0].result.model),
        procedure_reported=SCT.Mammography,
        imaging_measurements=groups or [_nothing()],
        title=DCM.ImagingMeasurementReport,
    )
    _insert_library(content[0], films)
    if not groups:
        _say_nothing_was_marked(content[0])
    return sr.Comprehensive3DSR(
        evidence=[film.header for film in films],
        content=content[0],
        series_instance_uid=series_uid,
        series_number=9001,
        sop_instance_uid=uid,
        instance_number=1,
        manufacturer=concepts.MANUFACTURER,
        manufacturer_model_name=concepts.MODEL,
        software_versions=concepts.VERSION,
        device_serial_number=concepts.SERIAL,
        series_description="Lobule findings (research use only)",
        is_complete=True,
        previous_versions=None if previous is None else [previous],
        specific_character_set=films[0].header.SpecificCharacterSet,
    )


def algorithm(model: ModelInfo) -> sr.AlgorithmIdentification:
    """The model that found something."""
    weights = f"weights_sha256={model.weights_sha256}"
    return sr.AlgorithmIdentification(name=model.name, version=model.version, parameters=[weights])


def tracking_uid(film: AnalysedFilm, finding: Finding) -> UID:
    """What names a finding in every object: its job and its own id name a lesion for ever."""
    return concepts.derived_uid("finding", film.job_id, finding.id)


def tracking_id(film: AnalysedFilm, finding: Finding) -> str:
    """What people call a finding."""
    return f"{film.name} {finding.id}"


def _observer(model: ModelInfo) -> sr.ObservationContext:
    device = sr.DeviceObserverIdentifyingAttributes(
        uid=concepts.derived_uid("model", model.weights_sha256),
        name=concepts.MANUFACTURER,
        manufacturer_name=concepts.MANUFACTURER,
        model_name=f"{model.name} {model.version}",
        serial_number=concepts.SERIAL,
    )
    return sr.ObservationContext(
        observer_device_context=sr.ObserverContext(observer_type=DCM.Device, observer_identifying_attributes=device)
    )


def _group(film: AnalysedFilm, finding: Finding) -> sr.PlanarROIMeasurementsAndQualitativeEvaluations:
    header = film.header
    side = concepts.SIDES[film.laterality] if film.laterality else None
    source = sr.SourceImageForRegion(
        referenced_sop_class_uid=header.SOPClassUID, referenced_sop_instance_uid=header.SOPInstanceUID
    )
    region = sr.ImageRegion(
        graphic_type=sr.GraphicTypeValues.POLYLINE, graphic_data=_corners(film, finding), source_image=source
    )
    return sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(
            uid=tracking_uid(film, finding), identifier=tracking_id(film, finding)
        ),
        referenced_region=region,
        finding_type=concepts.finding_type(finding.label),
        algorithm_id=algorithm(film.result.model),
        finding_sites=[sr.FindingSite(anatomic_location=SCT.Breast, laterality=side)],
        measurements=[*_probabilities(finding), *_sizes(film, finding)],
    )


def _corners(film: AnalysedFilm, finding: Finding) -> np.ndarray:
    """The box as a closed line, (5, 2), columns and rows within the film. (0, 0) is the film's corner, as with us."""
    box, image = finding.box, film.result.image
    left, top = max(0.0, box.x), max(0.0, box.y)
    right, bottom = min(image.width, box.x + box.width), min(image.height, box.y + box.height)
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)])


def _probabilities(finding: Finding) -> list[sr.Measurement]:
    said = [(DCM.CertaintyOfFinding, finding.probability)]
    if finding.probability_malignant is not None:
        said.insert(0, (DCM.ProbabilityOfCancer, finding.probability_malignant))
    return [sr.Measurement(name=name, value=round(100 * value, 1), unit=UCUM.Percent) for name, value in said]


def _sizes(film: AnalysedFilm, finding: Finding) -> list[sr.Measurement]:
    """The sides of the box, the longer one first; in millimetres where the film has a scale."""
    image, box = film.result.image, finding.box
    unit, (height, width), method = PIXELS, (box.height, box.width), None
    if image.pixel_spacing_mm is not None:
        rows, columns = image.pixel_spacing_mm
        unit, (height, width) = UCUM.Millimeter, (box.height * rows, box.width * columns)
        method = None if image.spacing_plane == "patient" else concepts.DETECTOR_PLANE
    longer, shorter = max(height, width), min(height, width)
    return [
        sr.Measurement(name=name, value=round(value, 1), unit=unit, method=method)
        for name, value in ((SCT.Length, longer), (SCT.Width, shorter))
    ]


def _nothing() -> sr.MeasurementsAndQualitativeEvaluations:
    """A group in the place of none, which highdicom does not allow; it is taken out again."""
    named = sr.TrackingIdentifier(uid=generate_uid(), identifier="none")
    return sr.MeasurementsAndQualitativeEvaluations(tracking_identifier=named)


def _say_nothing_was_marked(root: Dataset) -> None:
    """Replace the measurements by a sentence (TID 1500, row 12): a template without either is not complete."""
    contains = sr.RelationshipTypeValues.CONTAINS
    evaluations = sr.ContainerContentItem(name=_EVALUATIONS, relationship_type=contains)
    sentence = sr.TextContentItem(name=DCM.Finding, value="No finding was marked.", relationship_type=contains)
    evaluations.ContentSequence = sr.ContentSequence([sentence])
    items = [item for item in root.ContentSequence if item.name != DCM.ImagingMeasurements]
    root.ContentSequence = sr.ContentSequence([*items, evaluations])


def _insert_library(root: Dataset, films: Sequence[AnalysedFilm]) -> None:
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


def _entry(film: AnalysedFilm) -> sr.ImageContentItem:
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
