"""Deleting a case, what it takes with it, and renaming one."""

from uuid import uuid4

import pytest
from object_files import stored_files
from signed_apart import APART

from gateway.database import Base
from gateway.reports.models import CaseReport

WHY = {"reason": "the owner has left, and the case is a mistake"}


@pytest.fixture
def app(app_on_each_database):
    return app_on_each_database


@pytest.fixture
def signed(client, alice, case, uploaded, worker):
    """The image of the case, whose report is signed."""
    sent = uploaded(3, view="CC", laterality="R")
    worker.infer(sent["job"]["id"])
    assert client.post(f"/api/v1/cases/{case}/reports", headers=alice, json=APART).status_code == 201
    return sent["image"]["id"]


def rows(app) -> dict[str, int]:
    """How many rows each table of patients' data has."""
    kept = ("users", "groups", "group_members", "auth_sessions", "audit_events", "audit_chains", "outbox", "modalities")
    with app.state.sessions() as session:
        tables = (t for t in Base.metadata.sorted_tables if t.name not in kept)
        return {table.name: count for table in tables if (count := session.query(table).count())}


def test_all_of_it_goes_and_it_is_said_before(app, client, alice, case, film, worker, root):
    before = rows(app)
    before.pop("cases")
    done, waiting = film(1, view="CC", laterality="R"), film(2, view="MLO", laterality="R")
    worker.infer(done, findings=1)
    running = worker.claim(waiting)
    here = f"/api/v1/cases/{case}"
    image = client.get(f"/api/v1/jobs/{done}", headers=alice).json()["image_id"]
    client.put(f"{here}/reviews/{done}/f1", headers=alice, json={"verdict": "confirmed"})
    box = {"x": 1, "y": 1, "width": 3, "height": 3}
    drawn = {"image_id": image, "kind": "mass", "shape": "box", "box": box}
    assert client.put(f"{here}/reader-findings/{uuid4()}", headers=alice, json=drawn).status_code == 200
    said = client.get(f"{here}/deletion", headers=alice).json()
    expected = {"images": 2, "analyses": 2, "reviews": 1, "drawn_findings": 1, "reports": 0, "dicom_objects": 0}
    assert said == expected | {"refused": None}
    of_image = client.get(f"/api/v1/images/{image}/deletion", headers=alice).json()
    assert of_image == said | {"images": 1, "analyses": 1}

    answer = client.delete(here, headers=alice)
    assert (answer.status_code, answer.json()) == (200, said)
    for gone in (here, f"/api/v1/images/{image}", f"/api/v1/jobs/{done}"):
        assert client.get(gone, headers=alice).status_code == 404
    assert worker.post(waiting, "inference", "heartbeat", attempt=running["attempt"]).status_code == 409
    assert (stored_files(app), rows(app)) == ([], before)
    [event] = client.get("/api/v1/audit", params={"action": "case.delete"}, headers=root).json()["items"]
    prefixes = event["detail"].pop("prefixes")
    assert (event["target_id"], event["detail"]) == (case, expected)
    assert {f"images/{image}", f"jobs/{done}", f"jobs/{waiting}"} <= set(prefixes)


def test_a_signed_report_stays_unless_the_server_is_set_up_otherwise(
    app, client, alice, case, signed, root, monkeypatch
):
    here = f"/api/v1/cases/{case}"
    refused = client.delete(here, headers=alice)
    assert (refused.status_code, refused.json()["code"]) == (409, "case_has_report")
    said = client.get(f"{here}/deletion", headers=alice).json()
    assert (said["refused"], said["reports"]) == ("case_has_report", 1)
    assert client.get(f"/api/v1/images/{signed}/deletion", headers=alice).json()["refused"] == "image_signed"
    monkeypatch.setattr(app.state.settings, "delete_signed_cases", True)
    assert client.post(f"{here}/emergency-access", headers=root, json=WHY).status_code == 201
    assert client.delete(here, headers=root).json() == said | {"refused": None}
    assert stored_files(app) == []


def test_an_image_of_another_case_s_report_stays(client, alice, signed):
    other = client.post("/api/v1/cases", json={"pseudonym": "P-2"}, headers=alice).json()["id"]
    assert client.patch(f"/api/v1/images/{signed}", json={"case_id": other}, headers=alice).status_code == 200
    refused = client.delete(f"/api/v1/cases/{other}", headers=alice)
    assert (refused.status_code, refused.json()["code"]) == (409, "image_signed")


def test_only_its_owner_deletes_it_and_nothing_that_changed_unseen(client, alice, case, film, colleague, headers_of):
    here, carol = f"/api/v1/cases/{case}", colleague(case)
    seen = client.get(here, headers=alice).headers["ETag"]
    film(1, view="CC", laterality="R")
    refused = [
        client.delete(here, headers=headers_of("bob")),
        client.delete(here, headers=carol),
        client.delete(here, headers=alice | {"If-Match": seen}),
    ]
    assert client.post(f"{here}/claim", headers=carol).status_code == 200
    refused.append(client.delete(here, headers=alice))
    codes = [(404, "not_found"), (403, "forbidden"), (412, "case_changed"), (409, "case_claimed")]
    assert [(each.status_code, each.json()["code"]) for each in refused] == codes
    assert client.get(f"{here}/deletion", headers=carol).json()["refused"] == "forbidden"
    assert client.post(f"{here}/release", headers=carol).status_code == 200
    assert client.delete(here, headers=alice).status_code == 200


def test_a_case_gets_another_name(app, client, alice, case, signed, root, headers_of):
    here = f"/api/v1/cases/{case}"
    before = client.get(here, headers=alice)
    assert before.json()["state"] == "signed"
    renamed = client.patch(here, headers=alice | {"If-Match": before.headers["ETag"]}, json={"pseudonym": "Q-7"})
    assert (renamed.status_code, renamed.json()["pseudonym"], renamed.json()["state"]) == (200, "Q-7", "ready")
    after = client.get(here, headers=alice)
    assert after.headers["ETag"] == renamed.headers["ETag"] != before.headers["ETag"]
    with app.state.sessions() as session:
        assert session.query(CaseReport).one().content["pseudonym"] == "P-1", "what was signed stays as it was"
    for headers, body, refusal in (
        (alice | {"If-Match": before.headers["ETag"]}, {"pseudonym": "R"}, (412, "case_changed")),
        (alice, {"pseudonym": ""}, (422, "invalid_request")),
        (alice, {"pseudonym": "R", "state": "signed"}, (422, "invalid_request")),
        (headers_of("bob"), {"pseudonym": "R"}, (404, "not_found")),
    ):
        answer = client.patch(here, headers=headers, json=body)
        assert (answer.status_code, answer.json()["code"]) == refusal
    [event] = client.get("/api/v1/audit", params={"action": "case.rename"}, headers=root).json()["items"]
    assert event["detail"] == {}, "the old name may have been a patient's"
