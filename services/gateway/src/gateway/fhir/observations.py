"""Findings and breasts as Observations."""

from collections.abc import Iterator
from typing import Any

from gateway.fhir import codes
from gateway.fhir.codes import DCM, SCT, Resource, concept, percent, reference
from lobule.contracts.breasts import BreastConclusion
from lobule.contracts.case import CaseContent, CaseImage, Verdict
from lobule.contracts.result import Assessment, Finding, Laterality, Result

_IMAGING = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "imaging"}]}
_PROBABILITY, _CERTAINTY = ("111047", "Probability of cancer"), ("111012", "Certainty of Finding")
_REGION, _CATEGORY = ("111030", "Image Region"), ("111005", "Assessment Category")
_ORDER: tuple[Assessment, ...] = ("malignancy_suspected", "not_sure", "no_sign_of_malignancy")
_MASSES = frozenset({"mass", "benign", "malignant"})


def finding_id(job_id: str, finding: Finding) -> str:
    """The id of a finding's Observation: its analysis and its own id name it for ever."""
    return f"{job_id}-{finding.id}"


def breast_id(case_id: str, side: Laterality) -> str:
    """The id of a breast's Observation."""
    return f"{case_id}-{side}"


def findings(content: CaseContent, image: CaseImage, result: Result) -> Iterator[Resource]:
    """The marked findings of an image, and weak ones that a reader confirmed."""
    verdicts: dict[str, Verdict | None] = {review.finding_id: review.verdict for review in image.reviews}
    for finding in result.findings:
        verdict = verdicts.get(finding.id)
        if not result.marks(finding) and verdict != "confirmed":
            continue
        observation = _observation(content, finding_id(image.job_id, finding))
        mass = finding.label in _MASSES
        observation["code"] = (
            concept(SCT, "129788004", "Mammographic breast mass") if mass else concept(SCT, "52988006", "Lesion")
        )
        observation["device"] = reference("Device", image.job_id)
        observation["issued"] = _instant(image.analysed_at or content.created_at)
        if result.image.laterality:
            observation["bodySite"] = concept(SCT, *codes.BREASTS[result.image.laterality])
        observation["component"] = list(_components(finding))
        if verdict is not None:
            observation["interpretation"] = [concept(SCT, *codes.VERDICTS[verdict])]
        yield observation


def _components(finding: Finding) -> Iterator[Resource]:
    if finding.probability_malignant is not None:
        yield {"code": concept(DCM, *_PROBABILITY), "valueQuantity": percent(finding.probability_malignant)}
    yield {"code": concept(DCM, *_CERTAINTY), "valueQuantity": percent(finding.probability)}
    box = finding.box
    said = f"x={box.x:g} y={box.y:g} width={box.width:g} height={box.height:g} pixels"
    yield {"code": concept(DCM, *_REGION), "valueString": said}


def breasts(content: CaseContent, results: dict[str, Result]) -> Iterator[Resource]:
    """Each breast that films show: what a reader stated of it, else what its films say."""
    signed = dict(content.signature.breasts.stated) if content.signature and content.signature.breasts else {}
    sides: tuple[Laterality, ...] = ("R", "L")
    for side in sides:
        said = _of_system(content, results, side)
        if said is None and side not in signed:
            continue
        observation = _observation(content, breast_id(content.case_id, side))
        observation["code"] = concept(DCM, *_CATEGORY)
        observation["bodySite"] = concept(SCT, *codes.BREASTS[side])
        components: list[Resource] = []
        if said is not None:
            observation["valueCodeableConcept"] = codes.assessment(said[0])
            if said[1] is not None:
                components.append({"code": concept(DCM, *_PROBABILITY), "valueQuantity": percent(said[1])})
        if side in signed:
            observation["valueCodeableConcept"] = codes.bi_rads(signed[side].bi_rads)
            components += _stated(signed[side])
        observation["component"] = components
        yield observation


def _of_system(
    content: CaseContent, results: dict[str, Result], side: Laterality
) -> tuple[Assessment, float | None] | None:
    """What the films of a breast say together, else its most suspicious film; None where no film shows it."""
    read = content.examination.breasts if content.examination else []
    for breast in read:
        if breast.laterality == side:
            return breast.assessment, breast.probability_malignant
    films = [results[each.job_id] for each in content.images if each.job_id in results and not each.is_prior]
    films = [film for film in films if film.image.laterality == side]
    if not films:
        return None
    worst = min(films, key=lambda film: (_ORDER.index(film.assessment), -film.probability_malignant))
    return worst.assessment, worst.probability_malignant


def _stated(breast: BreastConclusion) -> Iterator[Resource]:
    if breast.density:
        composition = concept(SCT, "129715009", "Breast composition")
        yield {"code": composition, "valueCodeableConcept": concept(SCT, *codes.DENSITIES[breast.density])}
    if breast.recommendation:
        recommended = concept(DCM, "121075", "Recommendation")
        yield {"code": recommended, "valueCodeableConcept": codes.recommendation(breast.recommendation)}


def _observation(content: CaseContent, identifier: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": identifier,
        "status": "final" if content.signature else "preliminary",
        "category": [_IMAGING],
        "subject": codes.subject(content.pseudonym),
        "derivedFrom": [reference("ImagingStudy", content.case_id)],
    }


def _instant(moment: Any) -> str:
    return moment.isoformat(timespec="milliseconds")
