"""A signed report as a FHIR R4 transaction: the gateway's bundle with the identity of patient and study."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from pydicom.dataset import Dataset

_ACCESSION = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "ACSN", "display": "Accession ID"}]
}


def fhir_bundle(
    source: Mapping[str, Any], header: Dataset, pdf: bytes, patient_system: str, accession: str, patient_id: str = ""
) -> bytes:
    """The transaction as JSON.

    Args:
        source: The gateway's bundle, whose subject is a pseudonym.
        header: Header of a film.
        pdf: The signed report.
        patient_system: System (URI) of the patient's identifier; may be empty.
        accession: Number of the study as its films have it; may be empty.
        patient_id: Identifier that is used for the patient now; empty: that of the film.
    """
    bundle = json.loads(json.dumps(source))
    for entry in bundle.get("entry", []):
        resource = entry["resource"]
        if "subject" in resource:
            resource["subject"] = _subject(patient_id or str(header.PatientID), patient_system)
        if resource["resourceType"] == "ImagingStudy":
            resource["identifier"] = _identifiers(header, accession)
        if resource["resourceType"] == "DiagnosticReport" and resource["status"] in ("final", "amended"):
            form = {"contentType": "application/pdf", "data": base64.b64encode(pdf).decode()}
            resource["presentedForm"] = [{**form, "title": each["title"]} for each in resource["presentedForm"]]
    return json.dumps(bundle, separators=(",", ":")).encode()


def _subject(patient_id: str, system: str) -> Mapping[str, Any]:
    identifier = {"value": patient_id or "unknown"}
    return {"type": "Patient", "identifier": {"system": system, **identifier} if system else identifier}


def _identifiers(header: Dataset, accession: str) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = [
        {"system": "urn:dicom:uid", "value": f"urn:oid:{header.StudyInstanceUID}"},
    ]
    if accession:
        found.append({"type": _ACCESSION, "value": accession})
    return found
