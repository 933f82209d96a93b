"""Errors below `/fhir` are outcomes of FHIR, and the OpenAPI document types every answer."""

import pytest
from fhir.resources.R4B import get_fhir_model_class

pytestmark = pytest.mark.usefixtures("store_read_without_connection")


@pytest.mark.parametrize(
    ("path", "status", "kind", "code"),
    [
        ("ImagingStudy/nobody", 404, "not-found", "not_found"),
        ("Patient/1", 404, "not-supported", "invalid_request"),
        ("Patient?identifier=P-17", 404, "not-supported", "invalid_request"),
        ("ImagingStudy", 400, "invalid", "invalid_request"),
        ("Bundle/1?version=none", 400, "invalid", "invalid_request"),
        ("ImagingStudy/1/2/3", 404, "not-found", "not_found"),
    ],
)
def test_an_error_is_an_operation_outcome(client, alice, path, status, kind, code):
    answer = client.get(f"/fhir/{path}", headers=alice)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/fhir+json")
    get_fhir_model_class("OperationOutcome").model_validate_json(answer.text)
    [issue] = answer.json()["issue"]
    assert (issue["code"], issue["details"]["coding"][0]["code"]) == (kind, code)
    assert issue["details"]["text"]


def test_who_is_not_known_gets_an_outcome_too(client):
    answer = client.get("/fhir/ImagingStudy/1")
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (401, "login")
    assert client.get("/api/v1/cases").json()["code"] == "not_authenticated", "and a problem elsewhere"


def test_the_document_types_what_fhir_answers(app):
    paths = app.openapi()["paths"]
    for path in (
        "/fhir/metadata",
        "/fhir/Bundle/{case_id}",
        "/fhir/{resource_type}",
        "/fhir/{resource_type}/{resource_id}",
    ):
        for status, answer in paths[path]["get"]["responses"].items():
            [(media_type, body)] = answer["content"].items()
            assert media_type == "application/fhir+json"
            assert "$ref" in body["schema"], (path, status)
