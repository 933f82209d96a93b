"""FHIR R4 of a case with several examinations: what was signed of each stays, under names of its own."""

import pytest
from signed_apart import apart

from gateway.fhir import codes
from lobule.contracts.result import CalcificationSearch, Result

pytestmark = pytest.mark.usefixtures("store_read_without_connection")

FOUND = {"breasts": {"left": {"bi_rads": 5, "recommendation": "biopsy"}}}
CLEAR = {"breasts": {"left": {"bi_rads": 2}}}
DRAWN = "12345678-1234-4234-8234-123456789012"


@pytest.fixture
def film(upload, picture, case, worker):
    """Adds an analysed film of the left breast, with two findings if it is suspicious."""

    def add(colour: int, day: str, probability: float = 0.03) -> dict:
        fields = {"modality": "mammography", "view": "CC", "laterality": "L", "study_date": day}
        answer = upload(picture(colour), case_id=case, name=f"{colour}.png", **fields)
        assert answer.status_code == 202, answer.text
        worker.infer(answer.json()["job"]["id"], probability, findings=2 if probability > 0.5 else 0)
        return answer.json()

    return add


@pytest.fixture
def sign(client, alice, case):
    """Signs the case."""

    def state(said: dict) -> None:
        answer = client.post(f"/api/v1/cases/{case}/reports", headers=alice, json=apart(said))
        assert answer.status_code == 201, answer.text

    return state


@pytest.fixture
def told(client, alice, case):
    """The resources of the case by type and the end of their id, behind that of the case."""

    def get(**params) -> dict[str, dict]:
        answer = client.get(f"/fhir/Bundle/{case}", headers=alice, params=params)
        assert answer.status_code == 200, answer.text
        resources = [entry["resource"] for entry in answer.json()["entry"]]
        found = {f"{each['resourceType']}/{each['id'].removeprefix(case)}": each for each in resources}
        assert len(found) == len(resources), "each once"
        return found

    return get


@pytest.fixture
def signed_before(client, alice, case, film, sign):
    """The film of an examination that was signed with a confirmed finding and a drawn one."""
    sent = film(1, "2025-01-10", 0.93)
    review = f"/api/v1/cases/{case}/reviews/{sent['job']['id']}/f1"
    assert client.put(review, headers=alice, json={"verdict": "confirmed"}).status_code == 200
    drawn = {"image_id": sent["image"]["id"], "kind": "mass", "shape": "box"}
    drawn["box"] = {"x": 1, "y": 1, "width": 3, "height": 3}
    assert client.put(f"/api/v1/cases/{case}/reader-findings/{DRAWN}", headers=alice, json=drawn).status_code == 200
    sign(FOUND)
    return sent


def names_of_own(sent: dict) -> set[str]:
    return {f"Observation/{sent['job']['id']}-f1", f"Observation/-{DRAWN.replace('-', '')[:27]}"}


def test_what_was_signed_of_an_earlier_examination_stays(case, film, sign, told, signed_before):
    before = told()
    film(2, "2026-02-10")
    added = told()
    assert {name: added[name] for name in before} == before
    assert (added["DiagnosticReport/-2"]["status"], "DiagnosticReport/-draft" in added) == ("preliminary", False)
    sign(CLEAR)
    after = told()
    kept = {"DiagnosticReport/", "ImagingStudy/", "Provenance/", "Observation/-L", *names_of_own(signed_before)}
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert {each["status"] for each in after.values() if each["resourceType"] == "Observation"} <= {
        "final",
        "preliminary",
    }
    [first, second] = (after[f"Observation/{number}-L"]["valueCodeableConcept"]["text"] for number in ("", "-2"))
    assert (first, second) == ("BI-RADS 5", "BI-RADS 2")
    assert [after[f"ImagingStudy/{number}"]["started"] for number in ("", "-2")] == ["2025-01-10", "2026-02-10"]
    report = after["DiagnosticReport/-2"]
    assert report["status"] == "final"
    assert report["presentedForm"][0]["url"].endswith("/reports/2?format=pdf")
    assert report["imagingStudy"] == [{"reference": f"ImagingStudy/{case}-2"}]
    film(3, "2026-02-10")
    sign(FOUND)
    assert [told()[f"DiagnosticReport/{number}"]["status"] for number in ("", "-2")] == ["final", "amended"]


def test_a_version_has_what_belongs_to_its_examination(client, alice, case, film, sign, told, signed_before):
    film(2, "2026-02-10")
    sign(CLEAR)
    first, second = told(version=1), told(version=2)
    assert {"DiagnosticReport/", "ImagingStudy/", *names_of_own(signed_before)} <= first.keys()
    assert not first.keys() & {"DiagnosticReport/-2", "ImagingStudy/-2"}
    assert {"DiagnosticReport/-2", "ImagingStudy/-2", "Observation/-2-L"} <= second.keys()
    assert not second.keys() & {"DiagnosticReport/", "ImagingStudy/", *names_of_own(signed_before)}
    assert client.get(f"/fhir/Bundle/{case}?version=3", headers=alice).status_code == 404


def test_each_can_be_read_alone(client, alice, case, film, sign, told, signed_before):
    film(2, "2026-02-10")
    sign(CLEAR)
    for resource in told().values():
        answer = client.get(f"/fhir/{resource['resourceType']}/{resource['id']}", headers=alice)
        assert answer.json() == resource


def test_what_was_signed_of_a_film_that_became_a_prior_stays(client, alice, case, film, sign, told, signed_before):
    film(2, "2025-01-10")
    sign(FOUND)
    day = {"study_date": "2024-01-10"}  # of the first film alone: the examination goes on with the second
    assert client.patch(f"/api/v1/images/{signed_before['image']['id']}", headers=alice, json=day).status_code == 200
    sign(CLEAR)
    found = told()
    assert {found[name]["status"] for name in names_of_own(signed_before)} == {"final"}
    assert found["DiagnosticReport/"]["status"] == "amended"
    assert "DiagnosticReport/-2" not in found


@pytest.mark.parametrize("films", [1, 2])
def test_what_left_the_case_is_withdrawn_with_the_next_signature(
    client, alice, case, film, sign, told, signed_before, films
):
    if films == 2:
        film(3, "2025-01-10")
        sign(FOUND)
    film(2, "2026-02-10")
    sign(CLEAR)
    before = told()
    away = client.patch(f"/api/v1/images/{signed_before['image']['id']}", headers=alice, json={"case_id": None})
    assert away.status_code == 200, away.text
    gone = names_of_own(signed_before)
    assert {name: told()[name] for name in gone} == {name: before[name] for name in gone}
    sign(CLEAR)
    found = told()
    whole = {"DiagnosticReport/", "ImagingStudy/", "Observation/-L"}
    assert {found[name]["status"] for name in gone} == {"entered-in-error"}
    assert ("entered-in-error" in {found[name]["status"] for name in whole}) == (films == 1)
    assert found["DiagnosticReport/-2"]["status"] == "amended"


def test_a_film_whose_side_is_in_doubt_may_be_of_the_other_breast(client, alice, film, told):
    film(1, "2026-03-01")
    unsure = film(2, "2026-03-01", 0.3)
    for side, said in (("L", "not_sure"), ("R", "not_sure")):
        client.patch(f"/api/v1/images/{unsure['image']['id']}", json={"laterality": side}, headers=alice)
        assert told()["Observation/-L-model"]["valueCodeableConcept"]["coding"][0]["code"] == said


@pytest.mark.parametrize(
    ("label", "code"),
    [("malignant", "129788004"), ("mass", "129788004"), ("calcification", "129769006"), ("nucleus", "52988006")],
)
def test_a_finding_of_the_system_has_the_code_of_its_kind(label, code):
    assert codes.KINDS[codes.kind_of(label)][0] == code


def test_a_cluster_names_the_search_that_found_it(client, alice, worker, draw_film, write_dicom, tmp_path):
    opened = client.post("/api/v1/cases", json={"pseudonym": "P-18"}, headers=alice).json()["id"]
    path = write_dicom(tmp_path / "film.dcm", draw_film(), 12, ImageLaterality="R", ViewPosition="CC")
    files = {"file": ("film.dcm", path.read_bytes())}
    form = {"modality": "mammography", "case_id": opened}
    job = client.post("/api/v1/images", data=form, files=files, headers=alice).json()["job"]["id"]
    claim = worker.claim(job)
    worker.leave_result(claim, findings=2)
    key = f"{claim['output_prefix']}/result.json"
    result = Result.model_validate_json(worker.store.get(key))
    search = CalcificationSearch(searched=True, model=result.model.model_copy(update={"name": "search"}))
    found = [result.findings[0], result.findings[1].model_copy(update={"label": "calcification"})]
    changed = result.model_copy(update={"calcifications": search, "findings": found})
    worker.store.put(key, changed.model_dump_json().encode())
    assert worker.post(job, "inference", "complete", attempt=claim["attempt"]).status_code == 204
    bundle = client.get(f"/fhir/Bundle/{opened}", headers=alice).json()
    told = {f"{e['resource']['resourceType']}/{e['resource']['id']}": e["resource"] for e in bundle["entry"]}
    mass, cluster = (told[f"Observation/{job}-f{number}"] for number in (1, 2))
    assert (mass["device"]["reference"], mass["code"]["coding"][0]["code"]) == (f"Device/{job}", "129788004")
    assert cluster["device"]["reference"] == f"Device/{job}-calcifications"
    assert cluster["code"]["coding"][0]["code"] == "129769006"
    assert told[f"Device/{job}-calcifications"]["deviceName"][0]["name"] == "search"
    makers = [each["who"]["reference"] for each in told[f"Provenance/{opened}"]["agent"]]
    assert makers == [f"Device/{job}", f"Device/{job}-calcifications"]
    alone = client.get(f"/fhir/Device/{job}-calcifications", headers=alice)
    assert alone.json() == told[f"Device/{job}-calcifications"]
