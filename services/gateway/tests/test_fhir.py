"""FHIR R4: what a case is made into is valid, consistent in itself, and changes with the signature."""

import json

import pytest
from fhir.resources.R4B import get_fhir_model_class

from gateway.cases.models import Case
from gateway.cases.sheets import Sheets
from gateway.fhir.observations import breasts
from gateway.reports.content import ReadTogether, case_content
from lobule.contracts.case import Reason
from lobule.contracts.examination import ExaminationReading
from lobule.contracts.result import Result

pytestmark = pytest.mark.usefixtures("store_read_without_connection")


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


def sign(client, who, case_id: str, **said) -> None:
    concerns = ["unreviewed", "not_assessed", "pending", "not_read_together", "contradiction"]
    answer = client.post(f"/api/v1/cases/{case_id}/reports", json={"acknowledged": concerns, **said}, headers=who)
    assert answer.status_code == 201, answer.text


def images(client, who, case_id: str) -> list[str]:
    return [image["id"] for image in client.get(f"/api/v1/cases/{case_id}", headers=who).json()["images"]]


def read(client, who, path: str) -> dict:
    answer = client.get(f"/fhir/{path}", headers=who)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/fhir+json"
    assert answer.headers["Cache-Control"] == "no-store"
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
    sign(client, alice, opened, breasts=breasts, comment="Nothing to be done.")
    report = read(client, alice, f"DiagnosticReport/{opened}")
    assert (report["status"], report["conclusion"]) == ("final", "Nothing to be done.")
    assert report["presentedForm"][0]["url"] == f"/api/v1/cases/{opened}/reports/1?format=pdf"
    breast = read(client, alice, f"Observation/{opened}-R")
    assert breast["valueCodeableConcept"]["coding"][0]["code"] == "bi-rads-2"
    finding = read(client, alice, f"Observation/{jobs[0]}-f1")
    assert finding["interpretation"][0]["coding"][0]["code"] == "410516002"
    assert finding["valueCodeableConcept"]["text"] == "Absent"
    assert [each["code"]["text"] for each in finding["component"]] == ["Image Region"], "no suspicion of what is absent"
    assert finding["status"] == breast["status"] == "final"
    named = {each["reference"] for each in report["result"]}
    assert named == {f"Observation/{opened}-R", f"Observation/{jobs[0]}-f1"}, "nothing that the models alone say"
    unjudged, films = (read(client, alice, f"Observation/{name}") for name in (f"{jobs[0]}-f2", f"{opened}-R-model"))
    for each in (unjudged, films):
        assert (each["status"], each["device"]["reference"]) == ("preliminary", f"Device/{jobs[0]}")
    verifier = read(client, alice, f"Provenance/{opened}")["agent"][-1]
    assert verifier["who"]["display"]


def test_what_was_signed_stays_until_the_next_signature(client, alice, case):
    opened, jobs = case
    review = f"/api/v1/cases/{opened}/reviews/{jobs[0]}/f1"
    client.put(review, json={"verdict": "dismissed"}, headers=alice)
    sign(client, alice, opened, comment="As signed.")
    signed = read(client, alice, f"DiagnosticReport/{opened}")
    client.put(review, json={"verdict": "confirmed"}, headers=alice)
    assert read(client, alice, f"DiagnosticReport/{opened}") == signed
    finding = read(client, alice, f"Observation/{jobs[0]}-f1")
    assert (finding["status"], finding["interpretation"][0]["coding"][0]["code"]) == ("final", "410516002")
    draft = read(client, alice, f"DiagnosticReport/{opened}-draft")
    assert (draft["status"], "issued" in draft) == ("preliminary", False)
    read(client, alice, f"Bundle/{opened}")
    sign(client, alice, opened)
    assert read(client, alice, f"DiagnosticReport/{opened}")["status"] == "amended"
    assert client.get(f"/fhir/DiagnosticReport/{opened}-draft", headers=alice).status_code == 404


def test_what_readers_draw_is_told_and_final_once_signed(client, alice, case):
    opened, _ = case
    image = images(client, alice, opened)[0]
    own, box = "12345678-1234-4234-8234-123456789012", {"x": 5, "y": 6, "width": 10, "height": 12}
    said = {"image_id": image, "kind": "distortion", "shape": "box", "box": box, "comment": "Spiculae."}
    drawn = client.put(f"/api/v1/cases/{opened}/reader-findings/{own}", json=said, headers=alice)
    assert drawn.status_code in (200, 201), drawn.text
    name = f"Observation/{opened}-{own.replace('-', '')[:27]}"
    assert read(client, alice, name)["status"] == "preliminary"
    sign(client, alice, opened)
    told = read(client, alice, name)
    assert (told["status"], told["code"]["coding"][0]["code"]) == ("final", "129792006")
    assert (told["note"], "device" in told) == ([{"text": "Spiculae."}], False)


def test_a_corrected_side_is_that_of_every_observation(client, alice, case):
    for image in images(client, alice, case[0]):
        assert client.patch(f"/api/v1/images/{image}", json={"laterality": "L"}, headers=alice).status_code == 200
    told = read(client, alice, "Observation?identifier=P-17")["entry"]
    assert len(told) == 3, "two findings and a breast"
    assert {each["resource"]["bodySite"]["coding"][0]["code"] for each in told} == {"80248007"}


def test_what_a_new_version_no_longer_holds_is_withdrawn(client, alice, case):
    opened, jobs = case
    review = f"/api/v1/cases/{opened}/reviews/{jobs[0]}/f1"
    client.put(review, json={"verdict": "confirmed"}, headers=alice)
    concluded = {"bi_rads": 5, "recommendation": "biopsy"}
    sign(client, alice, opened, breasts={"right": concluded})
    for image in images(client, alice, opened):
        client.patch(f"/api/v1/images/{image}", json={"laterality": "L"}, headers=alice)
    sign(client, alice, opened, breasts={"left": concluded})
    gone, stated = (read(client, alice, f"Observation/{opened}-{side}") for side in "RL")
    assert (gone["status"], stated["status"]) == ("entered-in-error", "final")
    assert (gone["bodySite"]["text"], "valueCodeableConcept" in gone) == ("Right breast", False)
    report = read(client, alice, f"DiagnosticReport/{opened}")
    assert f"Observation/{opened}-R" not in {each["reference"] for each in report["result"]}
    sent = [entry["resource"]["id"] for entry in read(client, alice, f"Bundle/{opened}")["entry"]]
    assert f"{opened}-R" in sent


def test_tissue_is_no_mammography(client, alice, case, upload, picture, worker):
    opened, _ = case
    field = {"modality": "histopathology", "study_date": "2026-11-20", "magnification": "200X"}
    assert upload(picture(5), case_id=opened, name="5.png", **field).status_code == 202
    study = read(client, alice, f"ImagingStudy/{opened}")
    assert (study["started"], study["numberOfInstances"]) == ("2026-01-31", 2)
    other = client.post("/api/v1/cases", json={"pseudonym": "P-18"}, headers=alice).json()["id"]
    assert upload(picture(6), case_id=other, name="6.png", **field).status_code == 202
    assert client.get(f"/fhir/ImagingStudy/{other}", headers=alice).status_code == 404
    report = read(client, alice, f"DiagnosticReport/{other}")
    assert (report["category"][0]["coding"][0]["code"], "imagingStudy" in report) == ("PAT", False)


@pytest.mark.parametrize(
    ("method", "of_films", "of_breast", "told"),
    [
        ("model", "malignancy_suspected", "not_sure", "malignancy_suspected"),
        ("model", "not_sure", "malignancy_suspected", "malignancy_suspected"),
        ("model", "not_sure", "no_sign_of_malignancy", "no_sign_of_malignancy"),
        ("rule", "not_sure", "no_sign_of_malignancy", "not_sure"),
    ],
)
def test_a_breast_is_told_as_in_the_conclusion(method, of_films, of_breast, told, app, client, alice, case):
    with app.state.sessions() as session:
        content = case_content(session, ReadTogether(), session.get_one(Case, case[0]), Sheets())
    found = client.get(f"/api/v1/jobs/{case[1][1]}/result", headers=alice).json()
    results = dict.fromkeys(case[1], Result.model_validate(found | {"assessment": of_films}))
    said = {"assessment": of_breast, "probability_malignant": 0.4}
    breast = {"laterality": "R", "views": ["CC", "MLO"], "bi_rads": 0, "density": "c", **said}
    read = ExaminationReading(method=method, breasts=[breast], **said)
    calm = content.conclusion.model_copy(update={"reasons": []})
    [breast] = breasts(content.model_copy(update={"examination": read, "conclusion": calm}), case[0], results)
    assert breast["valueCodeableConcept"]["coding"][0]["code"] == told
    assert breast["status"] == "preliminary"
    assert breast["component"][1]["valueCodeableConcept"]["text"] == "Heterogeneously dense"


def test_no_breast_is_negative_while_something_beside_its_films_is_in_doubt(app, client, alice, case):
    with app.state.sessions() as session:
        content = case_content(session, ReadTogether(), session.get_one(Case, case[0]), Sheets())
    found = client.get(f"/api/v1/jobs/{case[1][1]}/result", headers=alice).json()
    clear = Result.model_validate(found | {"assessment": "no_sign_of_malignancy", "probability_malignant": 0.05})
    suspected = clear.model_copy(update={"assessment": "malignancy_suspected", "probability_malignant": 0.9})

    def told(content, of_other):
        [breast] = breasts(content, case[0], {case[1][0]: of_other, case[1][1]: clear})
        return breast["valueCodeableConcept"]["coding"][0]["code"]

    calm = content.model_copy(update={"conclusion": content.conclusion.model_copy(update={"reasons": []})})
    assert told(calm, clear) == "no_sign_of_malignancy"
    for code in ("earlier_suspected", "histology_malignant"):
        conclusion = content.conclusion.model_copy(update={"reasons": [Reason(code=code)]})
        assert told(content.model_copy(update={"conclusion": conclusion}), clear) == "not_sure"
    images = [each.model_copy(deep=True) for each in content.images]
    images[0].image.laterality = None
    assert told(calm.model_copy(update={"images": images}), clear) == "no_sign_of_malignancy"
    assert told(calm.model_copy(update={"images": images}), suspected) == "not_sure"


def test_what_was_not_assessed_is_never_told_as_negative(
    app, client, alice, case, worker, draw_film, write_dicom, tmp_path
):
    """Nor what is pending, in a breast that was not read together."""
    opened, added = case[0], []
    for view in ("CC", "MLO"):
        path = write_dicom(tmp_path / "l.dcm", draw_film(seed=len(added)), 12, ImageLaterality="L", ViewPosition=view)
        form, files = {"modality": "mammography", "case_id": opened}, {"file": ("l.dcm", path.read_bytes())}
        added.append(client.post("/api/v1/images", data=form, files=files, headers=alice).json()["job"]["id"])
    worker.infer(added[0], 0.05)
    left = f"Observation/{opened}-L-model"
    assert client.get(f"/fhir/{left}", headers=alice).status_code == 404, "the other film may still be suspected"
    client.post(f"/api/v1/jobs/{added[1]}/cancel", headers=alice)
    assert read(client, alice, left)["valueCodeableConcept"]["coding"][0]["code"] == "not_sure"
    with app.state.sessions() as session:
        content = case_content(session, ReadTogether(), session.get_one(Case, opened), Sheets())
    [_, unread] = breasts(content, opened, {})
    assert unread["valueCodeableConcept"]["coding"][0]["code"] == "not_sure", "no result can be read"


def test_a_pseudonym_is_found_among_many_that_begin_with_it(client, alice):
    wanted = client.post("/api/v1/cases", json={"pseudonym": "P-1"}, headers=alice).json()["id"]
    for number in range(10, 62):
        client.post("/api/v1/cases", json={"pseudonym": f"P-{number}"}, headers=alice)
    found = read(client, alice, "DiagnosticReport?identifier=P-1")
    assert [entry["resource"]["id"] for entry in found["entry"]] == [wanted]


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


def test_resources_are_searched_for_by_their_ids(client, alice, headers_of, case):
    opened, jobs = case

    def found(who=alice, **query):
        said = client.get("/fhir/Observation", params=query, headers=who).json()
        get_fhir_model_class("Bundle").model_validate_json(json.dumps(said))
        return {each["resource"]["id"] for each in said.get("entry", [])}

    both = {f"{opened}-R-model", f"{jobs[0]}-f1"}
    assert found(_id=",".join([*both, "nobody", opened])) == both, "ids of other types and of nothing are passed over"
    assert found(_id=f"{jobs[0]}-f1", identifier="P-17") == {f"{jobs[0]}-f1"}
    assert found(_id=f"{jobs[0]}-f1", identifier="P-18") == set()
    assert found(headers_of("bob"), _id=f"{jobs[0]}-f1") == set()
