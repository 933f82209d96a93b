"""Pushing a signed report to a FHIR server: what the bundle says, and that it is posted until it is taken."""

import base64
import json
from types import SimpleNamespace

import pytest
from dicom_peer import STUDY
from fhir.resources.R4B import get_fhir_model_class
from hospital_peers import fhir_server

from dicom_node.results.bundle import fhir_bundle
from dicom_node.results.film import read_header
from dicom_node.sending.fhir import FhirCourier
from dicom_node.sending.outbox import Outbox
from dicom_node.settings import FHIR

UID, PDF = "1.2.826.0.1.3680043.8.498.6", b"%PDF-1.7 signed"
SUBJECT = {"type": "Patient", "identifier": {"system": "urn:lobule:pseudonym", "value": "PACS-1"}}
CODE = {"coding": [{"system": "http://loinc.org", "code": "18748-4"}]}


def told() -> dict:
    """A case as the gateway tells it."""
    study = {"resourceType": "ImagingStudy", "id": "c1", "status": "available", "subject": SUBJECT}
    form = {"contentType": "application/pdf", "url": "/api/v1/cases/c1/reports/1?format=pdf", "title": "Report 1"}
    report = {"resourceType": "DiagnosticReport", "id": "c1", "status": "final", "code": CODE, "subject": SUBJECT}
    resources = [study, report | {"presentedForm": [form], "imagingStudy": [{"reference": "ImagingStudy/c1"}]}]
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "resource": each,
                "fullUrl": f"urn:lobule:{each['resourceType']}/c1",
                "request": {"method": "PUT", "url": f"{each['resourceType']}/c1"},
            }
            for each in resources
        ],
    }


@pytest.fixture
def bundle(make_film) -> bytes:
    header = read_header(make_film(PatientID="P1", AccessionNumber="ACC-1"))
    return fhir_bundle(told(), header, PDF, "urn:oid:1.2.3", "ACC-1")


def test_the_bundle_names_patient_and_study_and_holds_the_report(bundle):
    said = json.loads(bundle)
    get_fhir_model_class("Bundle").model_validate_json(bundle)
    study, report = (entry["resource"] for entry in said["entry"])
    assert study["subject"]["identifier"] == {"system": "urn:oid:1.2.3", "value": "P1"}
    assert [each["value"] for each in study["identifier"]] == [f"urn:oid:{STUDY}", "ACC-1"]
    [form] = report["presentedForm"]
    assert base64.b64decode(form["data"]) == PDF
    assert "url" not in form
    assert told()["entry"][0]["resource"]["subject"] == SUBJECT


@pytest.fixture
def server():
    with fhir_server() as seen:
        yield seen


def test_a_bundle_is_posted_until_the_server_takes_it(waiting_document, make_settings, bundle, server, monkeypatch):
    logged = []
    log = SimpleNamespace(warning=lambda event, **values: logged.append((event, values)))
    monkeypatch.setattr("dicom_node.sending.fhir._log", log)  # `capture_logs` misses loggers that were used before
    settings = make_settings(dicom_fhir_url=server.url, dicom_fhir_token="secret")
    courier = FhirCourier(waiting_document.files, Outbox(waiting_document.journal, 72), settings)
    waiting_document.put(UID, "bundle", bundle, FHIR)
    state = waiting_document.state
    server.status = 422
    courier.work()
    assert state() == ("waiting", 1, "http_422")
    assert "invalid" in str(logged)
    assert "P1 is unknown" not in str(logged), "the words of the server may name the patient"
    server.status = 200
    courier.work()
    courier.work()
    assert state() == ("sent", 1, None)
    assert server.bodies == [bundle] * 2
    assert server.headers["Authorization"] == "Bearer secret"
    assert server.headers["Content-Type"] == "application/fhir+json"
