"""Measurement groups of findings by TID 1410 (DICOM PS3.16), with their observer."""

from collections.abc import Sequence

import numpy as np
from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.uid import UID

from dicom_node.results import concepts
from dicom_node.results.concepts import DCM, PIXELS, SCT, UCUM
from dicom_node.results.film import AnalysedFilm, FailedFilm, person_name
from lobule.contracts.case import Verdict
from lobule.contracts.reader import ReaderFinding
from lobule.contracts.result import Finding, ModelInfo
from lobule.words import Words

_SOURCE = sr.CodedConcept("121112", "DCM", "Source of Measurement")


def algorithm(model: ModelInfo) -> sr.AlgorithmIdentification:
    """The model that found something."""
    weights = f"weights_sha256={model.weights_sha256}"
    return sr.AlgorithmIdentification(name=model.name, version=model.version, parameters=[weights])


def tracking_uid(film: AnalysedFilm, finding: Finding) -> UID:
    """The tracking UID of a finding in every object, derived from its job and its id."""
    return concepts.derived_uid("finding", film.job_id, finding.id)


def tracking_id(film: AnalysedFilm, finding: Finding) -> str:
    """The tracking identifier of a finding, for people: as the report calls it."""
    return _named(film, str(film.number_of(finding)))


def _named(film: AnalysedFilm | FailedFilm, number: str) -> str:
    return Words("en")("findings.in_image", number=number, image=film.name)


def system_as_observer(films: Sequence[AnalysedFilm]) -> sr.ObservationContext:
    """The model of films that were analysed as the observer; Lobule itself where none was."""
    uid, name = concepts.derived_uid("model", concepts.VERSION), f"{concepts.MODEL} {concepts.VERSION}"
    if films:
        model = films[0].result.model
        uid, name = concepts.derived_uid("model", model.weights_sha256), f"{model.name} {model.version}"
    device = sr.DeviceObserverIdentifyingAttributes(
        uid=uid,
        name=concepts.MANUFACTURER,
        manufacturer_name=concepts.MANUFACTURER,
        model_name=name,
        serial_number=concepts.SERIAL,
    )
    return sr.ObservationContext(
        observer_device_context=sr.ObserverContext(observer_type=DCM.Device, observer_identifying_attributes=device)
    )


def measured(
    film: AnalysedFilm, finding: Finding, verdict: Verdict | None = None
) -> sr.PlanarROIMeasurementsAndQualitativeEvaluations:
    """The measurement group of a finding.

    Args:
        film: Film of the finding.
        finding: The measured finding.
        verdict: Verdict of a reader.
    """
    side = concepts.SIDES[film.laterality] if film.laterality else None
    region = sr.ImageRegion(
        graphic_type=sr.GraphicTypeValues.POLYLINE, graphic_data=corners(film, finding), source_image=_source_of(film)
    )
    group = sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(
            uid=tracking_uid(film, finding), identifier=tracking_id(film, finding)
        ),
        referenced_region=region,
        finding_type=concepts.finding_type(finding.label),
        algorithm_id=algorithm(film.result.model_of(finding)),
        finding_sites=[sr.FindingSite(SCT.Breast, side, concepts.place_code(film.places.get(finding.id)))],
        measurements=[*_probabilities(finding), *_sizes(film, finding)],
        qualitative_evaluations=verdict and [sr.QualitativeEvaluation(concepts.VERDICT, concepts.VERDICTS[verdict])],
    )
    _name_source(group[0], film, finding)
    return group


def corners(film: AnalysedFilm | FailedFilm, finding: Finding | ReaderFinding) -> np.ndarray:
    """The box as a closed line, (5, 2), columns and rows within the film. (0, 0) is the film's corner, as with us."""
    box, (columns, rows) = finding.box, film.size
    left, top = max(0.0, box.x), max(0.0, box.y)
    right, bottom = min(columns, box.x + box.width), min(rows, box.y + box.height)
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)])


def drawn(film: AnalysedFilm | FailedFilm, own: ReaderFinding) -> sr.PlanarROIMeasurementsAndQualitativeEvaluations:
    """The measurement group of a finding that a reader drew.

    Args:
        film: Film of the finding, analysed or not.
        own: The finding.
    """
    side = concepts.SIDES[film.laterality] if film.laterality else None
    kind, points = _region(film, own)
    group = sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(
            uid=concepts.derived_uid("reader", own.id), identifier=_named(film, own.letter)
        ),
        referenced_region=sr.ImageRegion(graphic_type=kind, graphic_data=points, source_image=_source_of(film)),
        finding_type=concepts.KINDS[own.kind],
        finding_sites=[sr.FindingSite(anatomic_location=SCT.Breast, laterality=side)],
        measurements=_sizes(film, own),
        qualitative_evaluations=[sr.QualitativeEvaluation(concepts.VERDICT, concepts.VERDICTS["confirmed"])],
    )
    _name_source(group[0], film, own)
    return group


def name_observer(group: Dataset, name: str) -> None:
    """Name who gave a verdict or drew a finding, if it is not only the observer of the whole report (TID 1003).

    By hand, since highdicom's groups take no observer; their template may be extended.
    """
    relation = sr.RelationshipTypeValues.HAS_OBS_CONTEXT
    observer = sr.PnameContentItem(name=DCM.PersonObserverName, value=person_name(name), relationship_type=relation)
    group.ContentSequence = sr.ContentSequence([*group.ContentSequence, observer])


def closed_outline(finding: Finding | ReaderFinding) -> np.ndarray:
    """An outline as a closed line, (points, 2). Our outlines run through pixel centres, half a pixel from (0, 0)."""
    assert finding.outline
    return np.array([*finding.outline, finding.outline[0]]) + 0.5


def _region(film: AnalysedFilm | FailedFilm, own: ReaderFinding) -> tuple[sr.GraphicTypeValues, np.ndarray]:
    if own.shape == "outline":
        return sr.GraphicTypeValues.POLYLINE, closed_outline(own)
    (left, top), (right, bottom) = corners(film, own)[[0, 2]]
    if own.shape == "box":
        return sr.GraphicTypeValues.POLYLINE, corners(film, own)
    x, y = (left + right) / 2, (top + bottom) / 2
    axes = [[(left, y), (right, y)], [(x, top), (x, bottom)]]
    major, minor = axes if right - left >= bottom - top else axes[::-1]
    return sr.GraphicTypeValues.ELLIPSE, np.array([*major, *minor])


def _source_of(film: AnalysedFilm | FailedFilm) -> sr.SourceImageForRegion:
    header = film.header
    return sr.SourceImageForRegion(
        referenced_sop_class_uid=header.SOPClassUID, referenced_sop_instance_uid=header.SOPInstanceUID
    )


def _name_source(group: Dataset, film: AnalysedFilm | FailedFilm, finding: Finding | ReaderFinding) -> None:
    """Name the box as the source of the first number (TID 320), where Cornerstone's adapters look for a region.

    By hand, since highdicom holds that the templates of regions, which may be extended, are not.
    """
    image = sr.ImageContentItem(
        name=_SOURCE,
        referenced_sop_class_uid=film.header.SOPClassUID,
        referenced_sop_instance_uid=film.header.SOPInstanceUID,
        relationship_type=sr.RelationshipTypeValues.SELECTED_FROM,
    )
    region = sr.ScoordContentItem(
        name=_SOURCE,
        graphic_type=sr.GraphicTypeValues.POLYLINE,
        graphic_data=corners(film, finding),
        relationship_type=sr.RelationshipTypeValues.INFERRED_FROM,
    )
    region.ContentSequence = sr.ContentSequence([image])
    number = next(item for item in group.ContentSequence if item.ValueType == "NUM")
    number.ContentSequence = sr.ContentSequence([*number.get("ContentSequence", []), region])


def _probabilities(finding: Finding) -> list[sr.Measurement]:
    probabilities = [(DCM.CertaintyOfFinding, finding.probability)]
    if finding.probability_malignant is not None:
        probabilities.insert(0, (DCM.ProbabilityOfCancer, finding.probability_malignant))
    return [sr.Measurement(name=name, value=round(100 * value, 1), unit=UCUM.Percent) for name, value in probabilities]


def _sizes(film: AnalysedFilm | FailedFilm, finding: Finding | ReaderFinding) -> list[sr.Measurement]:
    """The sides of the box, the longer one first; in millimetres if the analysis of the film knows its scale."""
    image, box = film.result.image if isinstance(film, AnalysedFilm) else None, finding.box
    unit, (height, width), method = PIXELS, (box.height, box.width), None
    if image is not None and image.pixel_spacing_mm is not None:
        rows, columns = image.pixel_spacing_mm
        unit, (height, width) = UCUM.Millimeter, (box.height * rows, box.width * columns)
        method = concepts.PLANES[image.spacing_plane]
    longer, shorter = max(height, width), min(height, width)
    return [
        sr.Measurement(name=name, value=round(value, 1), unit=unit, method=method)
        for name, value in ((SCT.Length, longer), (SCT.Width, shorter))
    ]
