"""The findings as a Mammography CAD SR by TID 4000 (DICOM PS3.16), which mammography workstations read.

Its items refer to the films by reference, as the templates ask; highdicom cannot write that, so the tree is built here.
The rows that the comments name are those of the templates' tables.
"""

from collections.abc import Iterator, Sequence

from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import UID, MammographyCADSRStorage

from dicom_node.results import concepts
from dicom_node.results.content_items import code, container, image, number, percent, point, polyline, reference, text
from dicom_node.results.film import AnalysedFilm, FailedFilm
from dicom_node.results.measurements import closed_outline, corners
from dicom_node.results.sr_document import make_document
from lobule.contracts.findings import CALCIFICATION
from lobule.contracts.result import Finding, Laterality, ModelInfo, View
from lobule.contracts.views import parts_of

_LIBRARY = 2
"""Place of the image library among the items of the root, counted from 1."""
_MILLIMETRES = Code("mm", "UCUM", "millimeter")
_SUMMARY = Code("111017", "DCM", "CAD Processing and Findings Summary")
_WITH_FINDINGS = Code("111242", "DCM", "All algorithms succeeded; with findings")
_WITHOUT_FINDINGS = Code("111241", "DCM", "All algorithms succeeded; without findings")
_PARTLY_WITH_FINDINGS = Code("111244", "DCM", "Not all algorithms succeeded; with findings")
_PARTLY_WITHOUT_FINDINGS = Code("111243", "DCM", "Not all algorithms succeeded; without findings")
_SUMMARIES = {
    (False, False): _WITHOUT_FINDINGS,
    (False, True): _WITH_FINDINGS,
    (True, False): _PARTLY_WITHOUT_FINDINGS,
    (True, True): _PARTLY_WITH_FINDINGS,
}
"""What the summary says, by whether a film failed, and whether anything was found."""
_NONE_SUCCEEDED = Code("111245", "DCM", "No algorithms succeeded; without findings")
_INDIVIDUAL = Code("111034", "DCM", "Individual Impression/Recommendation")
_SINGLE = Code("111059", "DCM", "Single Image Finding")
_INTENT = Code("111056", "DCM", "Rendering Intent")
_PRESENT = Code("111150", "DCM", "Presentation Required: Rendering device is expected to present")
_DETECTIONS, _ANALYSES = Code("111064", "DCM", "Summary of Detections"), Code("111065", "DCM", "Summary of Analyses")
_SUCCESSFUL, _PERFORMED = Code("111063", "DCM", "Successful Detections"), Code("111022", "DCM", "Detection Performed")
_FAILED, _PARTLY_SUCCEEDED = Code("111025", "DCM", "Failed Detections"), Code("111223", "DCM", "Partially Succeeded")
_ALL_FAILED = Code("111224", "DCM", "Failed")
_SUCCEEDED, _NOT_ATTEMPTED = Code("111222", "DCM", "Succeeded"), Code("111225", "DCM", "Not Attempted")
_VIEW_MODIFIER = Code("111032", "DCM", "Image View Modifier")
_DENSITY = Code("129793001", "SCT", "Mammography breast density")
_HAS, _CONTEXT, _MODIFIES = "HAS PROPERTIES", "HAS ACQ CONTEXT", "HAS CONCEPT MOD"


def cad_report(
    films: Sequence[AnalysedFilm],
    failed: Sequence[FailedFilm] = (),
    *,
    uid: UID,
    series_uid: UID,
    previous: Dataset | None = None,
) -> Dataset:
    """A single image finding for each marked finding, and the films that were searched.

    Args:
        films: The films of one study; empty only if some failed.
        failed: Films of the study that could not be analysed; the report lists them as such.
        uid: SOP Instance UID of the report.
        series_uid: Series Instance UID.
        previous: The report that this one replaces.
    """
    report = make_document(
        sr.ComprehensiveSR,
        [*films, *failed],
        _evidence([*films, *failed]),
        uid=uid,
        series_uid=series_uid,
        series_number=9005,
        description="Lobule CAD (research use only)",
        previous=previous,
    )
    report.SOPClassUID = report.file_meta.MediaStorageSOPClassUID = MammographyCADSRStorage
    report.ConceptNameCodeSequence = [sr.CodedConcept("111036", "DCM", "Mammography CAD Report")]
    report.ContentTemplateSequence[0].TemplateIdentifier = "4000"
    report.ContentSequence = list(_root(films, failed))
    return report


def _evidence(films: Sequence[AnalysedFilm | FailedFilm]) -> Dataset:
    """A content tree that references all films, so that highdicom collects the evidence; it is replaced by ours."""
    root = sr.ContainerContentItem(name=concepts.REPORT_TITLE, template_id="4000")
    root.ContentSequence = sr.ContentSequence(
        [
            sr.ImageContentItem(
                name=Code("260753009", "SCT", "Source"),
                referenced_sop_class_uid=film.header.SOPClassUID,
                referenced_sop_instance_uid=film.header.SOPInstanceUID,
                relationship_type=sr.RelationshipTypeValues.CONTAINS,
            )
            for film in films
        ]
    )
    return root


def _root(films: Sequence[AnalysedFilm], failed: Sequence[FailedFilm]) -> Iterator[Dataset]:
    language = Code("121049", "DCM", "Language of Content Item and Descendants")
    found = [
        _impression(film, finding, place)
        for place, film in enumerate(films, 1)
        for finding in film.result.marked_findings()
    ]
    yield code(_MODIFIES, language, concepts.ENGLISH)  # TID 4000, row 2
    library = [*map(_entry, films), *(_describe(film.header, film.laterality, film.view) for film in failed)]
    yield container("CONTAINS", Code("111028", "DCM", "Image Library"), *library)  # rows 3 and 4
    outcome = _SUMMARIES[bool(failed), bool(found)] if films else _NONE_SUCCEEDED
    yield code("CONTAINS", _SUMMARY, outcome, *found)  # row 5, TID 4001
    places = range(1, len(films) + 1)
    detected = [container("INFERRED FROM", _SUCCESSFUL, *_detections(films, places))] if films else []
    ended = (_PARTLY_SUCCEEDED if films else _ALL_FAILED) if failed else _SUCCEEDED
    if failed:
        not_searched = range(len(films) + 1, len(library) + 1)
        detected.append(container("INFERRED FROM", _FAILED, *_detections(films, not_searched, failed=True)))
    yield code("CONTAINS", _DETECTIONS, ended, *detected)  # rows 6, 7; TID 4015
    yield code("CONTAINS", _ANALYSES, _NOT_ATTEMPTED)  # row 8


def _entry(film: AnalysedFilm) -> Dataset:
    """A film in the library, with its scale."""
    spacing = film.result.image.pixel_spacing_mm
    return _describe(film.header, film.laterality, film.result.image.view, spacing)


def _describe(
    header: Dataset, laterality: Laterality | None, view: View | None, spacing: tuple[float, float] | None = None
) -> Dataset:
    """An image of the library: TID 4020."""
    described = []
    if laterality:
        described.append(code(_CONTEXT, Code("111027", "DCM", "Image Laterality"), concepts.BREASTS[laterality]))
    projection, modifier = parts_of(view) if view else (None, None)
    if coded := concepts.VIEWS.get(projection or ""):
        modified = [code(_MODIFIES, _VIEW_MODIFIER, each) for each in concepts.VIEW_MODIFIERS.get(modifier or "", ())]
        described.append(code(_CONTEXT, Code("111031", "DCM", "Image View"), coded, *modified))
    for name, meaning, value in zip(
        ("111044", "111043"),
        ("Patient Orientation Row", "Patient Orientation Column"),
        header.get("PatientOrientation", ()),
        strict=False,
    ):
        described.append(text(_CONTEXT, Code(name, "DCM", meaning), value))
    if spacing is not None:
        vertical, horizontal = spacing
        for name, meaning, value in (
            ("111026", "Horizontal Pixel Spacing", horizontal),
            ("111066", "Vertical Pixel Spacing", vertical),
        ):
            described.append(number(_CONTEXT, Code(name, "DCM", meaning), value, _MILLIMETRES))
    return image("CONTAINS", header, *described)


def _impression(film: AnalysedFilm, finding: Finding, place: int) -> Dataset:
    """The impression of a finding: TID 4003 with TID 4006."""
    intent = code(_MODIFIES, _INTENT, _PRESENT)
    properties = [
        *_algorithm(film.result.model_of(finding)),
        percent(_HAS, concepts.DCM.CertaintyOfFinding, finding.probability),
    ]
    if finding.probability_malignant is not None:
        properties.append(percent(_HAS, concepts.DCM.ProbabilityOfCancer, finding.probability_malignant))
    single = code("CONTAINS", _SINGLE, _kind(finding), intent, *properties, *_geometry(film, finding, place))
    return container("INFERRED FROM", _INDIVIDUAL, code(_MODIFIES, _INTENT, _PRESENT), single)


def _kind(finding: Finding) -> Code:
    """The code of a finding: CID 6014 calls a finding on a single image a density, and a mass only on several."""
    return concepts.CALCIFICATIONS if finding.label == CALCIFICATION else _DENSITY


def _geometry(film: AnalysedFilm, finding: Finding, place: int) -> Iterator[Dataset]:
    """Centre and outline: TID 4021. Each is selected from the film's entry in the library."""
    selected = reference("SELECTED FROM", 1, _LIBRARY, place)
    box = corners(film, finding)
    (left, top), (right, bottom) = box[0], box[2]
    yield point(_HAS, Code("111010", "DCM", "Center"), (left + right) / 2, (top + bottom) / 2, selected)
    line = closed_outline(finding) if finding.outline else box
    yield polyline(_HAS, Code("111041", "DCM", "Outline"), line, selected)


def _detections(films: Sequence[AnalysedFilm], places: range, *, failed: bool = False) -> Iterator[Dataset]:
    """The detections that were performed, on the films at these positions of the library: TID 4017.

    Args:
        films: The analysed films.
        places: Positions of the analysed films, or of those that failed.
        failed: Whether they are those that failed.
    """
    yield _performed(_DENSITY, films[0].result.model if films else None, places)
    searches = {place: film.result.calcifications for place, film in zip(range(1, len(films) + 1), films, strict=True)}
    models = [search.model for search in searches.values() if search is not None]
    searched = [place for place, search in searches.items() if search is not None and search.searched]
    if models and (failed or searched):
        yield _performed(concepts.CALCIFICATIONS, models[0], places if failed else searched)


def _performed(kind: Code, model: ModelInfo | None, places: Sequence[int]) -> Dataset:
    searched = [reference(_HAS, 1, _LIBRARY, place) for place in places]
    return code("CONTAINS", _PERFORMED, kind, *_algorithm(model), *searched)


def _algorithm(model: ModelInfo | None) -> Iterator[Dataset]:
    """TID 4019; of Lobule itself where no result names a model."""
    if model is None:
        yield text(_HAS, Code("111001", "DCM", "Algorithm Name"), concepts.MODEL)
        yield text(_HAS, Code("111003", "DCM", "Algorithm Version"), concepts.VERSION)
        return
    yield text(_HAS, Code("111001", "DCM", "Algorithm Name"), model.name)
    yield text(_HAS, Code("111003", "DCM", "Algorithm Version"), model.version)
    yield text(_HAS, Code("111002", "DCM", "Algorithm Parameters"), f"weights_sha256={model.weights_sha256}")
