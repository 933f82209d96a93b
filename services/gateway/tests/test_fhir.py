"""FHIR R4: what a case is made into is valid, consistent in itself, and changes with the signature."""

import json

import pytest
from fhir.resources.R4B import get_fhir_model_class


@pytest.fixture
def case(client, alice, worker, draw_film, write_dicom, tmp_path):
    """A case of two films, the first with two findings."""
    opened = client.post("/api/v1/cases", json={"pseudonym": "P-17"}, headers=alice).json()["id"]
    jobs = []
    for number, view in enumerate(("CC", "MLO")):
        tags = {"ImageLaterality": "R", "ViewPosition": view, "StudyDate": "20260131"}
        path = write_dicom(tmp_path / f"{view}.dcm", draw_film(seed=number), 12, **tags)
        form = {"modality": "mammography", "case_id": opened}
        files = {"file": ("film.dcm", path.read_bytes())}
        jobs.append(client.post("/api/v1/images", data=form, files=files, headers=alice).json()["job"]["id"])
    worker.infer(jobs[0], 0.9, findings=2)
    worker.infer(jobs[1], 0.05)
    return opened, jobs


def read(client, who, path: str) -> dict:
    answer = client.get(f"/fhir/{path}", headers=who)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/fhir+json"
    resource = answer.json()
    get_fhir_model_class(resource["resourceType"]).model_validate_json(json.dumps(resource))
    return resource


def test_every_resource_of_a_case_is_valid_and_can_be_read_alone(client, alice, case):
    opened, jobs = case
    bundle = read(client, alice, f"Bundle/{opened}")
    resources = {f"{e['resource']['resourceType']}/{e['resource']['id']}": e["resource"] for e in bundle["entry"]}
    assert {name.partition("/")[0] for name in resources} == {
        "ImagingStudy",
        "DiagnosticReport",
        "Observation",
        "Device",
        "Provenance",
    }
    for name, resource in resources.items():
        assert read(client, alice, name) == resource
    named = json.dumps(bundle).split('"reference": "')[1:]
    assert {part.partition('"')[0] for part in named} <= resources.keys(), "each refers to others of the bundle"
    assert f"Observation/{jobs[0]}-f1" in resources
    assert resources[f"DiagnosticReport/{opened}"]["status"] == "preliminary"
    assert resources[f"ImagingStudy/{opened}"]["started"] == "2026-01-31"


def test_a_signature_makes_them_final_with_what_the_reader_stated(client, alice, case):
    opened, jobs = case
    review = f"/api/v1/cases/{opened}/reviews/{jobs[0]}/f1"
    client.put(review, json={"verdict": "dismissed"}, headers=alice)
    breasts = {"right": {"bi_rads": 2, "density": "b", "recommendation": "routine_screening"}}
    concerns = ["unreviewed", "not_assessed", "pending", "contradiction"]
    signature = {"breasts": breasts, "comment": "Nothing to be done.", "acknowledged": concerns}
    assert client.post(f"/api/v1/cases/{opened}/reports", json=signature, headers=alice).status_code == 201
    report = read(client, alice, f"DiagnosticReport/{opened}")
    assert (report["status"], report["conclusion"]) == ("final", "Nothing to be done.")
    assert report["presentedForm"][0]["url"] == f"/api/v1/cases/{opened}/reports/1?format=pdf"
    breast = read(client, alice, f"Observation/{opened}-R")
    assert breast["valueCodeableConcept"]["coding"][0]["code"] == "bi-rads-2"
    finding = read(client, alice, f"Observation/{jobs[0]}-f1")
    assert finding["interpretation"][0]["coding"][0]["code"] == "410516002"
    verifier = read(client, alice, f"Provenance/{opened}")["agent"][-1]
    assert verifier["who"]["display"]


def test_resources_are_searched_by_the_pseudonym(client, alice, case):
    found = read(client, alice, "DiagnosticReport?identifier=urn:lobule:pseudonym|P-17")
    assert [entry["resource"]["id"] for entry in found["entry"]] == [case[0]]
    assert read(client, alice, "DiagnosticReport?identifier=P-1")["total"] == 0


def test_others_read_nothing_of_it(client, cookie_of, case):
    opened, jobs = case
    name, value = cookie_of("bob")
    client.cookies.set(name, value)
    for path in (f"DiagnosticReport/{opened}", f"Bundle/{opened}", f"Observation/{jobs[0]}-f1", f"Device/{jobs[0]}"):
        assert client.get(f"/fhir/{path}").status_code == 404
    assert client.get("/fhir/DiagnosticReport?identifier=P-17").json()["total"] == 0


def test_what_the_server_can_do_is_said(client):
    assert read(client, {}, "metadata")["fhirVersion"] == "4.0.1"
