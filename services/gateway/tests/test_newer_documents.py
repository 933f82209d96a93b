"""What a newer version stored, after a return to an older one that kept the data."""

import json

import pytest
from fastapi.testclient import TestClient

from gateway.reports.content import fingerprint, stored_bytes
from gateway.reports.models import CaseReport
from gateway.reports.signatures import keys_of
from lobule.contracts.box import Box

NEWER = {"of_tomorrow": 1}


@pytest.fixture
def job(case, upload, worker):
    made = upload(case_id=case).json()["job"]["id"]
    worker.infer(made)
    return made


@pytest.fixture
def of_newer_version(app, job):
    key = f"jobs/{job}/inference/1/result.json"
    app.state.store.put(key, json.dumps(json.loads(app.state.store.get(key)) | NEWER).encode())


@pytest.mark.usefixtures("of_newer_version")
class TestResult:
    @pytest.mark.parametrize("path", ["result", "result/display.png"])
    def test_is_named(self, client, alice, job, path):
        answer = client.get(f"/api/v1/jobs/{job}/{path}", headers=alice)
        assert (answer.status_code, answer.json()["code"]) == (409, "newer_version")
        assert "Please ask your IT department to update Lobule." in answer.json()["detail"]

    def test_cannot_be_reviewed(self, client, alice, case, job):
        answer = client.put(f"/api/v1/cases/{case}/reviews/{job}/image", json={"verdict": "confirmed"}, headers=alice)
        assert (answer.status_code, answer.json()["code"]) == (409, "newer_version")

    def test_is_left_out_of_the_results_of_a_case(self, client, alice, case, job):
        assert client.get(f"/api/v1/cases/{case}/results?job={job}", headers=alice).json() == {}


class TestSignedReport:
    @pytest.fixture
    def signed(self, app, client, alice, case, job):
        assert client.post(f"/api/v1/cases/{case}/reports", json={}, headers=alice).status_code == 201
        with app.state.sessions.begin() as session:
            report = session.query(CaseReport).one()
            content = report.content | NEWER
            signature = keys_of(session).sign(stored_bytes(content))
            values = {"content": content, "sha256": fingerprint(content), "signature": signature}
            session.query(CaseReport).update(values)
        return case

    def test_is_named_in_fhir(self, client, alice, signed):
        answer = client.get(f"/fhir/Bundle/{signed}", headers=alice)
        assert (answer.status_code, answer.json()["resourceType"]) == (409, "OperationOutcome")


def test_a_fault_of_the_program_is_none_of_a_newer_version(app):
    @app.get("/broken")
    def broken() -> None:
        Box.model_validate({"x": "no number"})

    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.get("/broken").json()["code"] == "internal_error"
