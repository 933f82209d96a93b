"""The conclusion on breasts and case as an Enhanced SR by TID 2000 (DICOM PS3.16).

It has no coordinates, and is a report of its own: viewers expect some in every group of a measurement report.
"""

from collections.abc import Sequence

from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import UID

from dicom_node.results import concepts
from dicom_node.results.concepts import DCM, UCUM
from dicom_node.results.examination import Examination, Signed, most_suspicious
from dicom_node.results.film import AnalysedFilm
from dicom_node.results.measurements import system_as_observer
from dicom_node.results.sr_document import make_document
from lobule.contracts.breasts import BreastConclusion
from lobule.contracts.examination import BreastReading
from lobule.contracts.result import Assessment, Laterality
from lobule.words import Words
from lobule.words.breasts import breasts_in_words

CONTAINS = sr.RelationshipTypeValues.CONTAINS
_MODIFIES = sr.RelationshipTypeValues.HAS_CONCEPT_MOD
_FINDING, _CONCLUSION, _RECOMMENDATION = (
    Code(value, "DCM", meaning)
    for value, meaning in (("121071", "Finding"), ("121077", "Conclusion"), ("121075", "Recommendation"))
)
_FINDINGS, _CONCLUSIONS, _RECOMMENDATIONS = (
    Code(value, "DCM", meaning)
    for value, meaning in (("121070", "Findings"), ("121076", "Conclusions"), ("121074", "Recommendations"))
)
_SYSTEM, _READER = "Stated by Lobule (research use only).", "Stated by the reader who signed."


def conclusion_report(
    examination: Examination, *, uid: UID, series_uid: UID, previous: Dataset | None = None
) -> Dataset:
    """The conclusion on the case and on each breast, by the system and, after a signature, by the reader.

    Args:
        examination: An examination with at least one film, analysed or failed.
        uid: SOP Instance UID of the report.
        series_uid: Series Instance UID.
        previous: The report that this one replaces.
    """
    films, signed = examination.films, examination.signed
    root = sr.ContainerContentItem(name=concepts.REPORT_TITLE, template_id="2000")
    root.ContentSequence = sr.ContentSequence(
        [
            *sr.LanguageOfContentItemAndDescendants(sr.CodedConcept.from_code(concepts.ENGLISH)),
            *system_as_observer(films),
            *_sections(examination),
            *(_signed_sections(signed) if signed else []),
        ]
    )
    return make_document(
        sr.EnhancedSR,
        films or examination.failed,
        root,
        uid=uid,
        series_uid=series_uid,
        series_number=9004,
        description="Lobule conclusion (research use only)",
        previous=previous,
        verifications=signed.verifications if signed else (),
    )


def _sections(examination: Examination) -> list[sr.ContentItem]:
    conclusions: list[sr.ContentItem] = [_text(_CONCLUSION, _SYSTEM)]
    if examination.assessment is not None:
        conclusions.append(_assessment(examination.assessment))
    if examination.probability is not None:
        conclusions.append(_probability(examination.probability))
    conclusions += [_text(_CONCLUSION, reason) for reason in examination.reasons]
    if examination.failed:
        conclusions.append(_text(_CONCLUSION, f"Not analysed: {', '.join(film.name for film in examination.failed)}."))
    sections: list[sr.ContentItem] = [_section(_CONCLUSIONS, conclusions)]
    sentences = breasts_in_words(examination.breasts, Words("en"))
    told = {breast.laterality: said for breast, said in zip(examination.breasts, sentences, strict=True)}
    for side in concepts.BREASTS:
        read = examination.reading_of(side)
        if read is not None:
            sections.append(_section(_FINDINGS, _of_breast(read, told[side]), side))
        elif assessment := examination.assessment_of(side):
            sections.append(_section(_FINDINGS, _of_films(assessment, examination.of_side(side)), side))
    if examination.suggestions:
        sections.append(_section(_RECOMMENDATIONS, [_text(_RECOMMENDATION, each) for each in examination.suggestions]))
    return sections


def _of_breast(breast: BreastReading, sentences: Sequence[str]) -> list[sr.ContentItem]:
    """The result of reading the films of a breast together."""
    items: list[sr.ContentItem] = [_text(_FINDING, _SYSTEM), _assessment(breast.assessment)]
    if breast.probability_malignant is not None:
        items.append(_probability(breast.probability_malignant))
    items.append(_code(concepts.SUGGESTED_CATEGORY, concepts.BI_RADS[breast.bi_rads]))
    if breast.density:
        items.append(_code(concepts.SUGGESTED_COMPOSITION, concepts.DENSITIES[breast.density]))
    return items + [_text(_FINDING, sentence) for sentence in sentences]


def _of_films(assessment: Assessment, films: Sequence[AnalysedFilm]) -> list[sr.ContentItem]:
    """The result for a breast without a joint reading to report, with the number of its most suspicious film."""
    said: list[sr.ContentItem] = [_text(_FINDING, _SYSTEM), _assessment(assessment)]
    number = most_suspicious(films).result.shown_probability if films else None
    return said if number is None else [*said, _probability(number)]


def _signed_sections(signed: Signed) -> list[sr.ContentItem]:
    items: list[sr.ContentItem] = [_text(_CONCLUSION, _READER)]
    if signed.conclusion is not None:
        items.append(_assessment(signed.conclusion))
    if signed.comment:
        items.append(_text(_CONCLUSION, signed.comment))
    sections: list[sr.ContentItem] = [_section(_CONCLUSIONS, items)]
    for side, breast in signed.breasts.stated if signed.breasts else []:
        sections.append(_section(_FINDINGS, _of_reader(breast), side))
    return sections


def _of_reader(breast: BreastConclusion) -> list[sr.ContentItem]:
    items: list[sr.ContentItem] = [
        _text(_FINDING, _READER),
        _code(concepts.ASSESSMENT_CATEGORY, concepts.BI_RADS[breast.bi_rads]),
    ]
    if breast.density:
        items.append(_code(concepts.BREAST_COMPOSITION, concepts.DENSITIES[breast.density]))
    if breast.recommendation:
        proven = breast.recommendation == "treatment" and breast.bi_rads == 6
        recommended = concepts.PROVEN if proven else concepts.RECOMMENDATIONS[breast.recommendation]
        items.append(_code(_RECOMMENDATION, recommended))
    return items


def _section(name: Code, items: Sequence[sr.ContentItem], side: Laterality | None = None) -> sr.ContainerContentItem:
    section = sr.ContainerContentItem(name=name, relationship_type=CONTAINS)
    site = []
    if side is not None:
        breast = concepts.BREASTS[side]
        site = [sr.CodeContentItem(name=concepts.SCT.FindingSite, value=breast, relationship_type=_MODIFIES)]
    section.ContentSequence = sr.ContentSequence([*site, *items])
    return section


def _assessment(value: Assessment) -> sr.CodeContentItem:
    return _code(_CONCLUSION, concepts.ASSESSMENTS[value])


def _probability(value: float) -> sr.NumContentItem:
    percent = round(100 * value, 1)
    return sr.NumContentItem(name=DCM.ProbabilityOfCancer, value=percent, unit=UCUM.Percent, relationship_type=CONTAINS)


def _code(name: Code, value: Code) -> sr.CodeContentItem:
    return sr.CodeContentItem(name=name, value=value, relationship_type=CONTAINS)


def _text(name: Code, text: str) -> sr.TextContentItem:
    return sr.TextContentItem(name=name, value=text, relationship_type=CONTAINS)
