"""A case as FHIR R4 resources (http://hl7.org/fhir/R4)."""

from collections.abc import Iterator, Sequence
from datetime import date

from gateway.fhir import codes, observations
from gateway.fhir.codes import DCM, LOINC, Resource, concept, reference
from lobule import RESEARCH_USE_ONLY
from lobule.contracts.case import CaseContent, Signature
from lobule.contracts.result import Result

_IMAGING_STUDY = ("MG", "Mammography")
_DIAGNOSTIC_SERVICES = "http://terminology.hl7.org/CodeSystem/v2-0074"
_IMAGING = (("RAD", "Radiology"), ("18748-4", "Diagnostic imaging study"))
_PATHOLOGY = (("PAT", "Pathology (gross & histopath, not surgical)"), ("11526-1", "Pathology study"))
"""Category and code of a report."""
_ROLES = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"


def all_of(
    content: CaseContent,
    results: dict[str, Result],
    draft: CaseContent | None = None,
    earlier: Sequence[CaseContent] = (),
) -> list[Resource]:
    """Every resource of a case; each refers to others of the list alone.

    What a reader signed stays as it was signed, until the next signature. What that no longer holds is told as entered
    in error, since other systems may have taken it over.

    Args:
        content: The version that was signed last, else the case as it stands.
        results: Of the assessed images of all, by analysis.
        draft: The case as it stands, where it was changed since the signature.
        earlier: The versions that were signed before.
    """
    seen = {str(each["id"]): each for each in _observations(content, results)}
    final = {name: each for name, each in seen.items() if each["status"] == "final"}
    reports = [diagnostic_report(content, list(final if content.signature else seen))]
    if draft is not None:
        present = {str(each["id"]): each for each in _observations(draft, results)}
        reports.append(diagnostic_report(draft, list(present), "-draft"))
        seen = present | final
    analyses = {image.job_id for each in (content, draft) if each is not None for image in each.images}
    return [
        *imaging_study(draft or content),
        *(device(job_id, result) for job_id, result in results.items() if job_id in analyses),
        *seen.values(),
        *_withdrawn(earlier, results, seen),
        *reports,
        provenance(content, results),
    ]


def _withdrawn(
    earlier: Sequence[CaseContent], results: dict[str, Result], present: dict[str, Resource]
) -> list[Resource]:
    """What earlier versions stated as final and no version states now."""
    stated = {str(each["id"]): each for content in earlier for each in _observations(content, results)}
    gone = {name: each for name, each in stated.items() if each["status"] == "final" and name not in present}
    return [observations.withdrawn(each) for each in gone.values()]


def _observations(content: CaseContent, results: dict[str, Result]) -> Iterator[Resource]:
    yield from observations.breasts(content, results)
    for image in content.images:
        if image.job_id in results and not image.is_prior:
            yield from observations.findings(content, image, results[image.job_id])
        if not image.is_prior:
            yield from observations.drawn(content, image)


def imaging_study(content: CaseContent) -> Iterator[Resource]:
    """The examination, where the case has one; its UIDs are not kept, so no series are named."""
    films = codes.films_of(content)
    if not films:
        return
    days = [film.study_date for film in films if film.study_date]
    study: Resource = {
        "resourceType": "ImagingStudy",
        "id": content.case_id,
        "status": "available",
        "modality": [{"system": DCM, "code": _IMAGING_STUDY[0], "display": _IMAGING_STUDY[1]}],
        "subject": codes.subject(content.pseudonym),
        "numberOfInstances": len(films),
        "note": [{"text": RESEARCH_USE_ONLY}],
    }
    if days:
        study["started"] = _day(max(days))
    yield study


def device(job_id: str, result: Result) -> Resource:
    """The model that made an analysis, as it was then."""
    model = result.model
    described: Resource = {
        "resourceType": "Device",
        "id": job_id,
        "status": "active",
        "manufacturer": "Lobule",
        "deviceName": [{"name": model.name, "type": "model-name"}],
        "version": [{"value": model.version}, {"value": f"weights_sha256={model.weights_sha256}"}],
        "note": [{"text": RESEARCH_USE_ONLY}],
    }
    um = result.tissue.um_per_pixel if result.tissue else result.image.um_per_pixel
    if um is not None:
        quantity = {"value": um, "unit": "µm", "system": "http://unitsofmeasure.org", "code": "um"}
        described["property"] = [{"type": {"text": "Size of a pixel of the field"}, "valueQuantity": [quantity]}]
    return described


def diagnostic_report(content: CaseContent, observed: list[str], suffix: str = "") -> Resource:
    """The conclusion, with the report as a PDF.

    Args:
        content: What it is about.
        observed: Ids of the observations that it rests on.
        suffix: Of its id, behind that of the case.
    """
    signature, conclusion = content.signature, content.conclusion.assessment
    if signature and signature.conclusion:
        conclusion = signature.conclusion
    version = "draft" if signature is None else str(signature.version)
    films = codes.films_of(content)
    category, code = _IMAGING if films else _PATHOLOGY
    report: Resource = {
        "resourceType": "DiagnosticReport",
        "id": f"{content.case_id}{suffix}",
        "status": _status(signature),
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
        report["imagingStudy"] = [reference("ImagingStudy", content.case_id)]
    if conclusion is not None:
        report["conclusion"] = codes.ASSESSMENTS[conclusion]
        report["conclusionCode"] = [codes.assessment(conclusion)]
    if signature is not None:
        report["issued"] = signature.signed_at.isoformat(timespec="milliseconds")
        report["resultsInterpreter"] = [{"type": "Practitioner", "display": name} for name in signature.names]
        if signature.comment:
            report["conclusion"] = signature.comment
    return report


def _status(signature: Signature | None) -> str:
    if signature is None:
        return "preliminary"
    return "final" if signature.version == 1 else "amended"


def provenance(content: CaseContent, results: dict[str, Result]) -> Resource:
    """Who made the report: the models, and the reader who signed."""
    analysed = [image.analysed_at for image in content.images if image.analysed_at]
    recorded = content.signature.signed_at if content.signature else max(analysed, default=content.created_at)
    agents: list[Resource] = [
        {"type": concept(_ROLES, "assembler", "Assembler"), "who": reference("Device", job_id)}
        for job_id in _analyses(content, results)
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
        "id": content.case_id,
        "target": [reference("DiagnosticReport", content.case_id)],
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
