"""Findings and breasts as Observations."""

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.fhir import codes
from gateway.fhir.codes import DCM, SCT, Resource, concept, percent, reference
from gateway.fhir.measures import measured
from lobule.assessments import URGENCY, combine
from lobule.contracts.breasts import BreastConclusion, Density
from lobule.contracts.case import CaseContent, CaseImage, Verdict
from lobule.contracts.reader import ReaderFinding
from lobule.contracts.reasons import ABOUT_EITHER_BREAST
from lobule.contracts.result import Box, Finding, Laterality, Result
from lobule.corrections import as_corrected
from lobule.places import places_of_drawn, places_of_findings

_IMAGING = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "imaging"}]}
_PROBABILITY, _CERTAINTY = ("111047", "Probability of cancer"), ("111012", "Certainty of Finding")
_REGION, _CATEGORY = ("111030", "Image Region"), ("111005", "Assessment Category")


def finding_id(job_id: str, finding: Finding) -> str:
    """The id of a finding's Observation: its analysis and its own id name it for ever."""
    return f"{job_id}-{finding.id}"


def breast_id(examination: str, side: Laterality) -> str:
    """The id of the Observation of what a reader stated of a breast in an examination."""
    return f"{examination}-{side}"


def drawn_id(case_id: str, own: ReaderFinding) -> str:
    """The id of a drawn finding's Observation: that of the case, and as much of its own as fits into 64 characters."""
    return f"{case_id}-{own.id.replace('-', '')[:27]}"


def findings(content: CaseContent, examination: str, image: CaseImage, result: Result) -> Iterator[Resource]:
    """The marked findings of an image, and weak ones that a reader confirmed.

    Args:
        content: Content of the case.
        examination: Id of the examination's study; see `gateway.fhir.examinations`.
        image: The image.
        result: Result of the image.
    """
    places = places_of_findings(content.examination, image.job_id)
    verdicts: dict[str, Verdict | None] = {review.finding_id: review.verdict for review in image.reviews}
    for finding in result.findings:
        verdict = verdicts.get(finding.id)
        if not result.marks(finding) and verdict != "confirmed":
            continue
        observation = _observation(content, examination, finding_id(image.job_id, finding), stated=verdict is not None)
        observation["code"] = concept(SCT, *codes.KINDS[codes.kind_of(finding.label)])
        observation["device"] = reference("Device", codes.device_of(image.job_id, result, finding))
        observation["issued"] = _instant(image.analysed_at or content.created_at)
        if image.image.laterality:
            observation["bodySite"] = concept(SCT, *codes.BREASTS[image.image.laterality])
        dismissed = verdict == "dismissed"  # its numbers would speak for a finding that is not there
        place, far = places.get(finding.id, (None, None))
        sizes = measured(finding.box, result.image, place, far)
        observation["component"] = [_region(finding.box)] if dismissed else [*_components(finding), *sizes]
        if verdict is not None:
            observation["valueCodeableConcept"] = concept(SCT, *codes.PRESENCE[verdict])
            observation["interpretation"] = [concept(SCT, *codes.VERDICTS[verdict])]
        yield observation


def drawn(
    content: CaseContent, examination: str, image: CaseImage, results: Mapping[str, Result]
) -> Iterator[Resource]:
    """What readers drew on an image themselves.

    Args:
        content: Content of the case.
        examination: Id of the examination's study.
        image: The image.
        results: Results of all assessed images, by analysis.
    """
    places, result = places_of_drawn(content, results), results.get(image.job_id)
    for own in image.reader_findings:
        observation = _observation(content, examination, drawn_id(content.case_id, own), stated=True)
        observation["code"] = concept(SCT, *codes.KINDS[own.kind])
        observation["issued"] = _instant(own.drawn_at)
        observation["performer"] = [{"type": "Practitioner", "display": own.author}]
        if image.image.laterality:
            observation["bodySite"] = concept(SCT, *codes.BREASTS[image.image.laterality])
        place, far = places.get(own.id, (None, None))
        sizes = measured(own.box, result.image if result else image.image, place, far)
        observation["component"] = [_region(own.box), *sizes]
        if own.comment:
            observation["note"] = [{"text": own.comment}]
        yield observation


def _components(finding: Finding) -> Iterator[Resource]:
    if finding.probability_malignant is not None:
        yield {"code": concept(DCM, *_PROBABILITY), "valueQuantity": percent(finding.probability_malignant)}
    yield {"code": concept(DCM, *_CERTAINTY), "valueQuantity": percent(finding.probability)}
    yield _region(finding.box)


def _region(box: Box) -> Resource:
    text = f"x={box.x:g} y={box.y:g} width={box.width:g} height={box.height:g} pixels"
    return {"code": concept(DCM, *_REGION), "valueString": text}


def breasts(content: CaseContent, examination: str, results: dict[str, Result]) -> Iterator[Resource]:
    """Of each breast what its films say, and what a reader stated when they signed, each for itself."""
    signed = dict(content.signature.breasts.stated) if content.signature and content.signature.breasts else {}
    sides: tuple[Laterality, ...] = ("R", "L")
    for side in sides:
        yield from _of_system(content, examination, results, side)
        if side in signed:
            observation = _of_breast(content, examination, breast_id(examination, side), side, stated=True)
            observation["valueCodeableConcept"] = codes.bi_rads(signed[side].bi_rads)
            if components := list(_stated(signed[side])):
                observation["component"] = components
            yield observation


def _of_system(
    content: CaseContent, examination: str, results: dict[str, Result], side: Laterality
) -> Iterator[Resource]:
    """What the films of a breast say together, but never less than its most suspicious film by itself.

    Where a model read them together, a single film counts only if it is suspected, as in the case's conclusion.

    Nothing while one of them is pending, unless another is suspected; and never that there is no sign of malignancy
    where one has no result. A film whose side is unknown or in doubt may be of this breast. The joint reading knows
    what else is in doubt; without it, whatever the case's conclusion names may be of this breast.
    """
    read = {breast.laterality: breast for breast in content.examination.breasts} if content.examination else {}
    films = codes.films_of(content)
    own = [film for film in films if film.image.laterality == side]
    if side not in read and not own:
        return
    possible = [*own, *(film for film in films if film.image.laterality is None)]  # these may be of this breast
    doubted = any(_may_raise_either(film, results.get(film.job_id)) for film in films)
    if side not in read:
        doubted |= any(reason.code in ABOUT_EITHER_BREAST for reason in content.conclusion.reasons)
    assessed = [(film.job_id, results[film.job_id]) for film in own if film.job_id in results]
    job_id, worst = min(assessed, key=lambda film: _urgency(film[1]), default=(None, None))
    by_model = side in read and content.examination is not None and content.examination.method == "model"
    if worst is not None and by_model and worst.assessment != "malignancy_suspected":
        worst = None
    readings = [reading for reading in (read.get(side), worst) if reading is not None]
    assessment = combine(
        [reading.assessment for reading in readings],
        failed=doubted or any(film.job_id not in results for film in possible),
        pending=any(film.state == "pending" for film in possible),
    )
    if assessment is None:
        return
    reading = min(readings, key=lambda reading: URGENCY.index(reading.assessment), default=None)
    observation = _of_breast(content, examination, f"{breast_id(examination, side)}-model", side, stated=False)
    if job_id is not None:
        observation["device"] = reference("Device", job_id)
    observation["valueCodeableConcept"] = codes.assessment(assessment)
    components: list[Resource] = []
    if reading is not None and reading.probability_malignant is not None:
        probability = percent(reading.probability_malignant)
        components.append({"code": concept(DCM, *_PROBABILITY), "valueQuantity": probability})
    if side in read and (density := read[side].density):
        components.append(_composition(density))
    if components:
        observation["component"] = components
    yield observation


def _may_raise_either(film: CaseImage, result: Result | None) -> bool:
    """Whether a film leaves doubt that may be about either breast, because its side is unknown or in doubt."""
    if result is None or result.assessment == "no_sign_of_malignancy":
        return False
    side = film.image.laterality
    return side is None or as_corrected(result, film.image.view, side).side_in_doubt


def _urgency(film: Result) -> tuple[int, float]:
    return URGENCY.index(film.assessment), -film.probability_malignant


def _of_breast(content: CaseContent, examination: str, identifier: str, side: Laterality, *, stated: bool) -> Resource:
    observation = _observation(content, examination, identifier, stated=stated)
    observation["code"] = concept(DCM, *_CATEGORY)
    observation["bodySite"] = concept(SCT, *codes.BREASTS[side])
    return observation


def _stated(breast: BreastConclusion) -> Iterator[Resource]:
    if breast.density:
        yield _composition(breast.density)
    if breast.recommendation:
        recommended = concept(DCM, "121075", "Recommendation")
        yield {"code": recommended, "valueCodeableConcept": codes.recommendation(breast.recommendation)}


def _composition(density: Density) -> Resource:
    code = concept(SCT, "129715009", "Breast composition")
    return {"code": code, "valueCodeableConcept": concept(SCT, *codes.DENSITIES[density])}


def _observation(content: CaseContent, examination: str, identifier: str, *, stated: bool) -> dict[str, Any]:
    """An observation; final if a reader stated it and signed."""
    observation: dict[str, Any] = {
        "resourceType": "Observation",
        "id": identifier,
        "status": "final" if stated and content.signature else "preliminary",
        "category": [_IMAGING],
        "subject": codes.subject(content.pseudonym),
    }
    if codes.films_of(content):
        observation["derivedFrom"] = [reference("ImagingStudy", examination)]
    return observation


def withdrawn(stated: Resource) -> Resource:
    """An observation, report or study that is no longer stated, without what it said."""
    kept = ("resourceType", "id", "category", "code", "subject", "bodySite")
    return {name: stated[name] for name in kept if name in stated} | {"status": "entered-in-error"}


def _instant(moment: Any) -> str:
    return moment.isoformat(timespec="milliseconds")
