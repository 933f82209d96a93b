"""The codes and references that our resources use."""

from typing import Any, Literal

from lobule.contracts.breasts import BiRads, Density, Recommendation
from lobule.contracts.case import CaseContent, CaseImage, Verdict
from lobule.contracts.findings import CALCIFICATION, MASS_LABELS
from lobule.contracts.reader import FindingKind
from lobule.contracts.result import Assessment, Finding, Laterality, ModelInfo, Result

Resource = dict[str, Any]
ResourceType = Literal["ImagingStudy", "DiagnosticReport", "Observation", "Device", "Provenance"]

SCT, DCM, LOINC = "http://snomed.info/sct", "http://dicom.nema.org/resources/ontology/DCM", "http://loinc.org"
UCUM, OWN = "http://unitsofmeasure.org", "urn:lobule:codes"
PSEUDONYM = "urn:lobule:pseudonym"
"""System of the identifier of a case: the pseudonym that it was opened under."""

BREASTS: dict[Laterality, tuple[str, str]] = {"R": ("73056007", "Right breast"), "L": ("80248007", "Left breast")}
ASSESSMENTS: dict[Assessment, str] = {
    "malignancy_suspected": "Malignancy suspected",
    "not_sure": "Not sure",
    "no_sign_of_malignancy": "No sign of malignancy",
}
VERDICTS: dict[Verdict, tuple[str, str]] = {
    "confirmed": ("410605003", "Confirmed present"),
    "dismissed": ("410516002", "Known absent"),
}
PRESENCE: dict[Verdict, tuple[str, str]] = {
    "confirmed": ("52101004", "Present"),
    "dismissed": ("2667000", "Absent"),
}
DENSITIES: dict[Density, tuple[str, str]] = {
    "a": ("129716005", "Almost entirely fat"),
    "b": ("129717001", "Scattered fibroglandular densities"),
    "c": ("129718006", "Heterogeneously dense"),
    "d": ("129719003", "Extremely dense"),
}

KINDS: dict[FindingKind, tuple[str, str]] = {
    "mass": ("129788004", "Mammographic breast mass"),
    "calcification": ("129769006", "Calcification Cluster"),
    "asymmetry": ("129790003", "Asymmetric breast tissue"),
    "distortion": ("129792006", "Architectural distortion of breast"),
    "other": ("52988006", "Lesion"),
}
"""The kinds of findings."""


def kind_of(label: str) -> FindingKind:
    """The kind of the system's findings with a label."""
    if label == CALCIFICATION:
        return "calcification"
    return "mass" if label in MASS_LABELS else "other"


def models_of(job_id: str, result: Result) -> dict[str, ModelInfo]:
    """The models that made an analysis, by the ids of their Devices."""
    search = result.calcifications
    return {job_id: result.model} | ({f"{job_id}-calcifications": search.model} if search and search.searched else {})


def device_of(job_id: str, result: Result, finding: Finding) -> str:
    """The id of the Device that found a finding."""
    found_by = f"{job_id}-calcifications"
    return found_by if finding.label == CALCIFICATION and found_by in models_of(job_id, result) else job_id


def films_of(content: CaseContent) -> list[CaseImage]:
    """The films of a case's current examination."""
    return [each for each in content.images if each.image.modality == "mammography" and not each.is_prior]


def concept(system: str, code: str, display: str) -> Resource:
    """A coded concept."""
    return {"coding": [{"system": system, "code": code, "display": display}], "text": display}


def assessment(value: Assessment) -> Resource:
    """A conclusion in the three states."""
    return concept(OWN, value, ASSESSMENTS[value])


def bi_rads(category: BiRads) -> Resource:
    """A BI-RADS category."""
    return concept(OWN, f"bi-rads-{category}", f"BI-RADS {category}")


def recommendation(value: Recommendation) -> Resource:
    """What a reader recommends."""
    return concept(OWN, value, value.replace("_", " ").capitalize())


def percent(probability: float) -> Resource:
    """A probability, 0 to 1, as a quantity."""
    return {"value": round(100 * probability, 1), "unit": "%", "system": UCUM, "code": "%"}


def reference(resource_type: ResourceType, identifier: str) -> Resource:
    """A reference to a resource of this server."""
    return {"reference": f"{resource_type}/{identifier}"}


def subject(pseudonym: str) -> Resource:
    """The patient, identified by the case's pseudonym only."""
    return {"type": "Patient", "identifier": {"system": PSEUDONYM, "value": pseudonym}}
