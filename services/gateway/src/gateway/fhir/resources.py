"""A case as FHIR R4 resources (http://hl7.org/fhir/R4)."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from datetime import date

from gateway.fhir import codes, observations
from gateway.fhir.codes import DCM, LOINC, Resource, concept, reference
from gateway.fhir.examinations import Examined
from gateway.fhir.observations import withdrawn
from lobule import RESEARCH_USE_ONLY
from lobule.contracts.case import CaseContent, CaseImage
from lobule.contracts.result import Result

_IMAGING_STUDY = ("MG", "Mammography")
_DIAGNOSTIC_SERVICES = "http://terminology.hl7.org/CodeSystem/v2-0074"
_IMAGING = (("RAD", "Radiology"), ("18748-4", "Diagnostic imaging study"))
_PATHOLOGY = (("PAT", "Pathology (gross & histopath, not surgical)"), ("11526-1", "Pathology study"))
"""Category and code of a report."""
_WITHDRAWN = frozenset({"ImagingStudy", "DiagnosticReport", "Observation"})
_ROLES = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"


def all_of(examined: Sequence[Examined], results: dict[str, Result]) -> list[Resource]:
    """Every resource of examinations; each refers to others of the list alone.

    Args:
        examined: The examinations of a case, oldest first.
        results: Results of all assessed images, by analysis.
    """
    told = [resource for each in examined for resource in _of_examination(each, results)]
    return list({f"{each['resourceType']}/{each['id']}": each for each in told}.values())


def _of_examination(examined: Examined, results: dict[str, Result]) -> Iterator[Resource]:
    """The last signed content of an examination, and its draft.

    What a reader signed stays as it was signed, until the next signature. What that no longer holds is told as entered
    in error, since other systems may have taken it over. A film that has become a prior meanwhile is not among what is
    signed now; what was signed of it still holds.
    """
    if examined.is_gone:
        for each in _of_examination(replace(examined, is_gone=False), results):
            yield withdrawn(each) if each["resourceType"] in _WITHDRAWN else each
        return
    name, contents = examined.name, [*examined.versions, *([examined.draft] if examined.draft else [])]
    content, draft = contents[max(len(examined.versions) - 1, 0)], examined.draft if examined.versions else None
    seen = {str(each["id"]): each for each in _observations(content, name, results)}
    final = {identifier: each for identifier, each in seen.items() if each["status"] == "final"}
    is_first = content.signature == contents[0].signature
    reports = [diagnostic_report(content, name, list(final if content.signature else seen), is_first=is_first)]
    if draft is not None:
        present = {str(each["id"]): each for each in _observations(draft, name, results)}
        reports.append(diagnostic_report(draft, name, list(present), "-draft"))
        seen = present | final
    analyses = {image.job_id for each in (content, draft) if each is not None for image in each.images}
    yield from imaging_study(draft or content, name)
    yield from (each for job_id, result in results.items() if job_id in analyses for each in devices(job_id, result))
    yield from seen.values()
    yield from _signed_before(examined, content, results, seen)
    yield from reports
    yield provenance(content, name, results)


def _signed_before(
    examined: Examined, content: CaseContent, results: dict[str, Result], present: Container[str]
) -> Iterator[Resource]:
    """What earlier versions stated as final and the last one does not state."""
    priors = {image.image_id for image in content.images if image.is_prior}
    told: dict[str, Resource] = {}
    for before in examined.versions[:-1]:
        holding = {
            str(each["id"])
            for image in before.images
            if image.image_id in priors
            for each in _of_image(before, examined.name, image, results)
        }
        for each in _observations(before, examined.name, results):
            if each["status"] == "final":
                told[str(each["id"])] = each if each["id"] in holding else withdrawn(each)
    yield from (each for identifier, each in told.items() if identifier not in present)


def _observations(content: CaseContent, examination: str, results: dict[str, Result]) -> Iterator[Resource]:
    yield from observations.breasts(content, examination, results)
    for image in content.images:
        if not image.is_prior:
            yield from _of_image(content, examination, image, results)


def _of_image(
    content: CaseContent, examination: str, image: CaseImage, results: dict[str, Result]
) -> Iterator[Resource]:
    if image.job_id in results:
        yield from observations.findings(content, examination, image, results[image.job_id])
    yield from observations.drawn(content, examination, image, results)


def imaging_study(content: CaseContent, examination: str) -> Iterator[Resource]:
    """The examination, if the case has one; its UIDs are not kept, so no series are named."""
    films = codes.films_of(content)
    if not films:
        return
    days = [film.study_date for film in films if film.study_date]
    study: Resource = {
        "resourceType": "ImagingStudy",
        "id": examination,
        "status": "available",
        "modality": [{"system": DCM, "code": _IMAGING_STUDY[0], "display": _IMAGING_STUDY[1]}],
        "subject": codes.subject(content.pseudonym),
        "numberOfInstances": len(films),
        "note": [{"text": RESEARCH_USE_ONLY}],
    }
    if days:
        study["started"] = _day(max(days))
    yield study


def devices(job_id: str, result: Result) -> list[Resource]:
    """The models that made an analysis, as they were then."""
    described: list[Resource] = [
        {
            "resourceType": "Device",
            "id": identifier,
            "status": "active",
            "manufacturer": "Lobule",
            "deviceName": [{"name": model.name, "type": "model-name"}],
            "version": [{"value": model.version}, {"value": f"weights_sha256={model.weights_sha256}"}],
            "note": [{"text": RESEARCH_USE_ONLY}],
        }
        for identifier, model in codes.models_of(job_id, result).items()
    ]
    um = result.tissue.um_per_pixel if result.tissue else result.image.um_per_pixel
    if um is not None:
        quantity = {"value": um, "unit": "µm", "system": "http://unitsofmeasure.org", "code": "um"}
        described[0]["property"] = [{"type": {"text": "Size of a pixel of the field"}, "valueQuantity": [quantity]}]
    return described


def diagnostic_report(
    content: CaseContent, examination: str, observed: list[str], suffix: str = "", *, is_first: bool = False
) -> Resource:
    """The conclusion, with the report as a PDF.

    Args:
        content: Content of the case.
        examination: Id of the examination.
        observed: Ids of the observations on which the conclusion rests.
        suffix: End of the report's id, after that of the examination.
        is_first: Whether it is the first version that was signed of the examination.
    """
    signature, conclusion = content.signature, content.conclusion.assessment
    if signature and signature.conclusion:
        conclusion = signature.conclusion
    version = "draft" if signature is None else str(signature.version)
    films = codes.films_of(content)
    category, code = _IMAGING if films else _PATHOLOGY
    report: Resource = {
        "resourceType": "DiagnosticReport",
        "id": f"{examination}{suffix}",
        "status": "preliminary" if signature is None else "final" if is_first else "amended",
        "category": [concept(_DIAGNOSTIC_SERVICES, *category)],
        "code": concept(LOINC, *code),
        "subject": codes.subject(content.pseudonym),
        "result": [reference("Observation", each) for each in observed],
        "presentedForm": [
            {
                "contentType": "application/pdf",
                "url": f"/api/v1/cases/{content.case_id}/reports/{version}?format=pdf",
                "title": f"Lobule report, {version}. {RESEARCH_USE_ONLY}",
            }
        ],
    }
    if films:
        report["imagingStudy"] = [reference("ImagingStudy", examination)]
    if conclusion is not None:
        report["conclusion"] = codes.ASSESSMENTS[conclusion]
        report["conclusionCode"] = [codes.assessment(conclusion)]
    if signature is not None:
        report["issued"] = signature.signed_at.isoformat(timespec="milliseconds")
        report["resultsInterpreter"] = [{"type": "Practitioner", "display": name} for name in signature.names]
        if signature.comment:
            report["conclusion"] = signature.comment
    return report


def provenance(content: CaseContent, examination: str, results: dict[str, Result]) -> Resource:
    """Who made the report: the models, and the reader who signed."""
    analysed = [image.analysed_at for image in content.images if image.analysed_at]
    recorded = content.signature.signed_at if content.signature else max(analysed, default=content.created_at)
    agents: list[Resource] = [
        {"type": concept(_ROLES, "assembler", "Assembler"), "who": reference("Device", device)}
        for job_id in _analyses(content, results)
        for device in codes.models_of(job_id, results[job_id])
    ]
    if content.signature is not None:
        agents += [
            {"type": concept(_ROLES, "verifier", "Verifier"), "who": {"type": "Practitioner", "display": name}}
            for name in content.signature.names
        ]
    if not agents:
        agents.append({"who": {"display": "Lobule"}})
    return {
        "resourceType": "Provenance",
        "id": examination,
        "target": [reference("DiagnosticReport", examination)],
        "recorded": recorded.isoformat(timespec="milliseconds"),
        "agent": agents,
    }


def _analyses(content: CaseContent, results: dict[str, Result]) -> list[str]:
    return [image.job_id for image in content.images if image.job_id in results]


def bundle(kind: str, resources: list[Resource]) -> Resource:
    """Resources as a searchset, or as a transaction that writes them to another server."""
    entries: list[Resource] = []
    for each in resources:
        path = f"{each['resourceType']}/{each['id']}"
        entry: Resource = {"resource": each}
        if kind == "transaction":
            entry |= {"fullUrl": f"urn:lobule:{path}", "request": {"method": "PUT", "url": path}}
        entries.append(entry)
    answer: Resource = {"resourceType": "Bundle", "type": kind, "entry": entries}
    if kind == "searchset":
        answer["total"] = len(resources)
    if not entries:
        del answer["entry"]
    return answer


def _day(day: date) -> str:
    return day.isoformat()
