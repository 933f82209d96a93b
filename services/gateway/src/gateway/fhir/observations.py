"""Findings and breasts as Observations."""

from collections.abc import Iterator
from typing import Any

from gateway.fhir import codes
from gateway.fhir.codes import DCM, SCT, Resource, concept, percent, reference
from lobule.contracts.breasts import BreastConclusion, Density
from lobule.contracts.case import CaseContent, CaseImage, Verdict
from lobule.contracts.reader import ReaderFinding
from lobule.contracts.result import Assessment, Box, Finding, Laterality, Result

_IMAGING = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "imaging"}]}
_PROBABILITY, _CERTAINTY = ("111047", "Probability of cancer"), ("111012", "Certainty of Finding")
_REGION, _CATEGORY = ("111030", "Image Region"), ("111005", "Assessment Category")
_ORDER: tuple[Assessment, ...] = ("malignancy_suspected", "not_sure", "no_sign_of_malignancy")
_MASSES = frozenset({"mass", "benign", "malignant"})


def finding_id(job_id: str, finding: Finding) -> str:
    """The id of a finding's Observation: its analysis and its own id name it for ever."""
    return f"{job_id}-{finding.id}"


def breast_id(case_id: str, side: Laterality) -> str:
    """The id of the Observation of what a reader stated of a breast."""
    return f"{case_id}-{side}"


def drawn_id(case_id: str, own: ReaderFinding) -> str:
    """The id of a drawn finding's Observation: that of the case, and as much of its own as fits into 64 characters."""
    return f"{case_id}-{own.id.replace('-', '')[:27]}"


def findings(content: CaseContent, image: CaseImage, result: Result) -> Iterator[Resource]:
    """The marked findings of an image, and weak ones that a reader confirmed."""
    verdicts: dict[str, Verdict | None] = {review.finding_id: review.verdict for review in image.reviews}
    for finding in result.findings:
        verdict = verdicts.get(finding.id)
        if not result.marks(finding) and verdict != "confirmed":
            continue
        observation = _observation(content, finding_id(image.job_id, finding), stated=verdict is not None)
        mass = finding.label in _MASSES
        observation["code"] = (
            concept(SCT, "129788004", "Mammographic breast mass") if mass else concept(SCT, "52988006", "Lesion")
        )
        observation["device"] = reference("Device", image.job_id)
        observation["issued"] = _instant(image.analysed_at or content.created_at)
        if image.image.laterality:
            observation["bodySite"] = concept(SCT, *codes.BREASTS[image.image.laterality])
        observation["component"] = list(_components(finding))
        if verdict is not None:
            observation["interpretation"] = [concept(SCT, *codes.VERDICTS[verdict])]
        yield observation


def drawn(content: CaseContent, image: CaseImage) -> Iterator[Resource]:
    """What readers drew on an image themselves."""
    for own in image.reader_findings:
        observation = _observation(content, drawn_id(content.case_id, own), stated=True)
        observation["code"] = concept(SCT, *codes.KINDS[own.kind])
        observation["issued"] = _instant(own.drawn_at)
        observation["performer"] = [{"type": "Practitioner", "display": own.author}]
        if image.image.laterality:
            observation["bodySite"] = concept(SCT, *codes.BREASTS[image.image.laterality])
        observation["component"] = [_region(own.box)]
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


def breasts(content: CaseContent, results: dict[str, Result]) -> Iterator[Resource]:
    """Of each breast what its films say, and what a reader stated when they signed, each for itself."""
    signed = dict(content.signature.breasts.stated) if content.signature and content.signature.breasts else {}
    sides: tuple[Laterality, ...] = ("R", "L")
    for side in sides:
        yield from _of_system(content, results, side)
        if side in signed:
            observation = _of_breast(content, breast_id(content.case_id, side), side, stated=True)
            observation["valueCodeableConcept"] = codes.bi_rads(signed[side].bi_rads)
            if components := list(_stated(signed[side])):
                observation["component"] = components
            yield observation


def _of_system(content: CaseContent, results: dict[str, Result], side: Laterality) -> Iterator[Resource]:
    """What the films of a breast say together, but never less than its most suspicious film."""
    read = {breast.laterality: breast for breast in content.examination.breasts} if content.examination else {}
    shown = [each.job_id for each in content.images if each.image.laterality == side and not each.is_prior]
    films = [(job_id, results[job_id]) for job_id in shown if job_id in results]
    job_id, worst = min(films, key=lambda film: _urgency(film[1]), default=(None, None))
    reading = read.get(side)
    if reading is None or (worst is not None and _ORDER.index(worst.assessment) < _ORDER.index(reading.assessment)):
        reading = worst
    if reading is None:
        return
    observation = _of_breast(content, f"{breast_id(content.case_id, side)}-model", side, stated=False)
    if job_id is not None:
        observation["device"] = reference("Device", job_id)
    observation["valueCodeableConcept"] = codes.assessment(reading.assessment)
    components: list[Resource] = []
    if reading.probability_malignant is not None:
        probability = percent(reading.probability_malignant)
        components.append({"code": concept(DCM, *_PROBABILITY), "valueQuantity": probability})
    if side in read and (density := read[side].density):
        components.append(_composition(density))
    if components:
        observation["component"] = components
    yield observation


def _urgency(film: Result) -> tuple[int, float]:
    return _ORDER.index(film.assessment), -film.probability_malignant


def _of_breast(content: CaseContent, identifier: str, side: Laterality, *, stated: bool) -> Resource:
    observation = _observation(content, identifier, stated=stated)
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


def _observation(content: CaseContent, identifier: str, *, stated: bool) -> dict[str, Any]:
    """An observation; final where a reader stated it and signed."""
    return {
        "resourceType": "Observation",
        "id": identifier,
        "status": "final" if stated and content.signature else "preliminary",
        "category": [_IMAGING],
        "subject": codes.subject(content.pseudonym),
        "derivedFrom": [reference("ImagingStudy", content.case_id)],
    }


def _instant(moment: Any) -> str:
    return moment.isoformat(timespec="milliseconds")
