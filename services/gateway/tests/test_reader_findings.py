"""Findings that readers draw: kept, signed, erased, and without influence on what the system says."""

import uuid

import pytest
from signed_apart import APART

from gateway.reader_findings import outlines, service
from lobule.contracts.case import CaseContent

pytestmark = pytest.mark.usefixtures("store_read_without_connection")


@pytest.fixture
def case(client, alice) -> str:
    return client.post("/api/v1/cases", json={"pseudonym": "P-DRAW"}, headers=alice).json()["id"]


@pytest.fixture
def film(upload, picture, case, worker):
    """An analysed film with two findings: ids of image and job."""
    answer = upload(picture(1), modality="mammography", case_id=case, laterality="R", view="CC").json()
    worker.infer(answer["job"]["id"], findings=2)
    return answer["image"], answer["job"]["id"]


@pytest.fixture
def read(client, alice, case):
    return lambda: client.get(f"/api/v1/cases/{case}", headers=alice).json()


@pytest.fixture
def put(client, alice, case):
    """Sends a finding or, for `same-lesions`, a pair; gives the answer."""

    def send(said, name=None, kind="reader-findings", headers=alice):
        return client.put(f"/api/v1/cases/{case}/{kind}/{name or uuid.uuid4()}", json=said, headers=headers)

    return send


@pytest.fixture
def erase(client, alice, case):
    return lambda name, kind="reader-findings": client.delete(f"/api/v1/cases/{case}/{kind}/{name}", headers=alice)


def box(image, **more):
    return {
        "image_id": image["id"],
        "kind": "mass",
        "shape": "box",
        "box": {"x": 1, "y": 2, "width": 6, "height": 4},
    } | more


def test_drawn_changed_erased_and_drawn_again(film, put, read, erase, client, headers_of, case):
    image, _ = film
    before = read()
    first, second = (put(box(image, comment=f" note {n} ")).json() for n in (1, 2))
    assert (first["number"], second["number"], first["comment"], first["author"]) == (1, 2, "note 1", "alice")
    outline = [[1, 1], [9.5, 1], [5, 8]]
    said = {"image_id": image["id"], "kind": "distortion", "shape": "outline", "outline": outline}
    third = put(said).json()
    assert third["box"] == {"x": 1.5, "y": 1.5, "width": 8.5, "height": 7}, "through the centres of its pixels"
    assert third["outline"] == outline
    changed = put(box(image, kind="other", shape="ellipse"), first["id"]).json()
    assert (changed["number"], changed["kind"], changed["comment"]) == (1, "other", "")
    assert [finding["id"] for finding in read()["reader_findings"]] == [first["id"], second["id"], third["id"]]
    assert read()["conclusion"] == before["conclusion"], "what the system says is not touched"
    assert read()["revision"] == before["revision"] + 4
    assert put(box(image, kind="other", shape="ellipse"), first["id"]).json() == changed, "sent again, it is the same"
    assert read()["revision"] == before["revision"] + 4

    assert erase(first["id"]).status_code == 204
    assert erase(first["id"]).status_code == 404
    again = put(box(image), first["id"]).json()
    assert again["number"] == 1, "what was erased by mistake gets its letter back"
    events = client.get("/api/v1/audit", params={"target_id": case}, headers=headers_of("root")).json()["items"]
    actions = [event["action"] for event in events]
    assert (actions.count("finding.draw"), actions.count("finding.erase")) == (6, 1)


def test_what_is_refused(film, put, headers_of, upload, picture, client, alice, case):
    image, job = film
    known = put(box(image)).json()
    wide, high = image["width"], image["height"]
    for wrong in (
        {"box": {"x": wide - 3, "y": 2, "width": 6, "height": 4}},
        {"box": {"x": -1, "y": 2, "width": 6, "height": 4}},
        {"box": {"x": 1, "y": high, "width": 6, "height": 4}},
        {"box": None},
        {"outline": [[1, 1], [2, 2], [1, 2]]},
        {"shape": "outline", "box": None, "outline": [[1, 1], [2, 2]]},
        {"shape": "outline", "box": None, "outline": [[1, 1], [2, 1], [3, 1]]},
        {"kind": "f1"},
        {"comment": "x" * 2001},
        {"corrects": {"job_id": None, "finding_id": "f1"}},
    ):
        expected = 404 if "corrects" in wrong else 422
        assert put(box(image, **wrong)).status_code == expected, wrong
    assert put(box(image, corrects={"job_id": job, "finding_id": "f3"})).status_code == 404
    assert put(box(image), "not-a-uuid").status_code == 422
    other = upload(picture(2)).json()["image"]
    assert put(box(other)).status_code == 404, "an image of no case"
    assert put(box(image), headers=headers_of("bob")).status_code == 404
    elsewhere = client.post("/api/v1/cases", json={"pseudonym": "P-2"}, headers=alice).json()["id"]
    mine = upload(picture(5), case_id=elsewhere).json()["image"]
    taken = client.put(f"/api/v1/cases/{elsewhere}/reader-findings/{known['id']}", json=box(mine), headers=alice)
    assert taken.status_code == 404, "an id of another case"
    stale = put(box(image), known["id"], headers={**alice, "If-Match": '"old"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "case_changed")


def test_a_correction_and_the_same_lesion_are_signed_with_the_case(film, put, read, erase, client, alice, case):
    image, job = film
    system = {"job_id": job, "finding_id": "f2"}
    drawn = put(box(image, corrects=system)).json()
    assert drawn["corrects"] == system
    own = {"job_id": None, "finding_id": drawn["id"]}
    pair = put({"one": own, "other": {"job_id": job, "finding_id": "f1"}}, kind="same-lesions").json()
    revision = read()["revision"]
    again = put({"one": pair["other"], "other": own}, kind="same-lesions").json()
    assert (again["id"], read()["revision"]) == (pair["id"], revision), "the same two, said once more"
    for wrong in (own, {"job_id": job, "finding_id": "f9"}, {"job_id": None, "finding_id": str(uuid.uuid4())}):
        assert put({"one": own, "other": wrong}, kind="same-lesions").status_code in (404, 422)

    assert client.post(f"/api/v1/cases/{case}/reports", json=APART, headers=alice).status_code == 201
    content = client.get(f"/api/v1/cases/{case}/reports/1/content", headers=alice).json()
    signed = CaseContent.model_validate(content)
    [kept] = signed.images[0].reader_findings
    assert (kept.id, kept.letter, kept.corrects and kept.corrects.finding_id) == (drawn["id"], "A", "f2")
    assert [mark.id for mark in signed.same_lesions] == [pair["id"]]

    assert erase(drawn["id"]).status_code == 204
    assert (read()["same_lesions"], read()["state"]) == ([], "ready"), (
        "one of the two is gone; the version is superseded"
    )
    put(box(image), drawn["id"])
    assert [mark["id"] for mark in read()["same_lesions"]] == [pair["id"]], "and both are there again"
    assert erase(pair["id"], "same-lesions").status_code == 204
    assert read()["same_lesions"] == []
    assert client.get(f"/api/v1/cases/{case}/reports/1/content", headers=alice).json() == content


def test_they_go_with_their_image(film, put, client, alice, case, read):
    image, _ = film
    put(box(image))
    other = client.post("/api/v1/cases", json={"pseudonym": "P-2"}, headers=alice).json()["id"]
    moved = client.patch(f"/api/v1/images/{image['id']}", json={"case_id": other}, headers=alice)
    assert moved.status_code == 200, moved.text
    there = client.get(f"/api/v1/cases/{other}/reader-findings", headers=alice).json()
    assert (len(there), read()["reader_findings"]) == (1, [])
    assert client.delete(f"/api/v1/images/{image['id']}", headers=alice).status_code == 204
    assert client.get(f"/api/v1/cases/{other}/reader-findings", headers=alice).json() == []


def test_a_correction_stays_of_its_analysis_after_the_next_one(film, put, erase, client, alice, worker, read):
    image, job = film
    corrects = {"job_id": job, "finding_id": "f2"}
    drawn = put(box(image, corrects=corrects)).json()
    again = client.post(f"/api/v1/images/{image['id']}/jobs", headers=alice).json()["id"]
    worker.infer(again)  # without findings
    changed = put(box(image, kind="other", corrects=corrects), drawn["id"])
    assert (changed.status_code, changed.json()["kind"]) == (200, "other")
    erase(drawn["id"])
    assert put(box(image, corrects=corrects), drawn["id"]).json()["corrects"] == corrects, "erasing it can be undone"
    assert put(box(image, corrects={"job_id": again, "finding_id": "f2"})).status_code == 404
    pair = {"one": corrects, "other": {"job_id": None, "finding_id": drawn["id"]}}
    assert put(pair, kind="same-lesions").status_code == 404, "what is not there any more is no lesion"


def test_moves_to_and_fro_use_the_letters_that_are_free(film, put, client, alice, case, upload, picture):
    image, _ = film
    other = client.post("/api/v1/cases", json={"pseudonym": "P-2"}, headers=alice).json()["id"]
    there = upload(picture(5), case_id=other).json()["image"]
    first = f"/api/v1/cases/{other}/reader-findings/{uuid.uuid4()}"
    assert client.put(first, json=box(there), headers=alice).json()["number"] == 1
    put(box(image))
    put(box(image))
    for target, numbers in ((other, [1, 2, 3]), (case, [1, 2]), (other, [1, 2, 3])):
        assert client.patch(f"/api/v1/images/{image['id']}", json={"case_id": target}, headers=alice).status_code == 200
        found = client.get(f"/api/v1/cases/{target}/reader-findings", headers=alice).json()
        assert [finding["number"] for finding in found] == numbers


def test_marks_of_findings_that_left_do_not_count(film, put, client, alice, monkeypatch):
    monkeypatch.setattr(service, "MOST", 1)
    image, job = film
    drawn = put(box(image)).json()["id"]
    one, other = ({"job_id": job, "finding_id": name} for name in ("f1", "f2"))
    own = {"job_id": None, "finding_id": drawn}
    assert put({"one": one, "other": own}, kind="same-lesions").status_code == 200
    assert put({"one": one, "other": other}, kind="same-lesions").status_code == 422
    client.delete(f"/api/v1/cases/{image['case_id']}/reader-findings/{drawn}", headers=alice)
    assert put({"one": one, "other": other}, kind="same-lesions").status_code == 200


def test_a_used_id_of_a_mark_is_of_the_new_pair_or_another_case(film, put, read, client, alice, upload, picture):
    image, job = film
    one, other = ({"job_id": job, "finding_id": name} for name in ("f1", "f2"))
    own = {"job_id": None, "finding_id": put(box(image)).json()["id"]}
    mark = put({"one": one, "other": own}, kind="same-lesions").json()["id"]
    assert put({"one": one, "other": other}, mark, kind="same-lesions").json()["other"] == other
    assert [(said["id"], said["other"]) for said in read()["same_lesions"]] == [(mark, other)]

    elsewhere = client.post("/api/v1/cases", headers=alice, json={"pseudonym": "P-OTHER"}).json()["id"]
    there = upload(picture(), case_id=elsewhere).json()["image"]["id"]
    drawn = [str(uuid.uuid4()) for _ in range(2)]
    path = f"/api/v1/cases/{elsewhere}"
    for name in drawn:
        said = box({"id": there})
        assert client.put(f"{path}/reader-findings/{name}", json=said, headers=alice).status_code == 200
    first, second = ({"job_id": None, "finding_id": name} for name in drawn)
    taken = client.put(f"{path}/same-lesions/{mark}", json={"one": first, "other": second}, headers=alice)
    assert (taken.status_code, taken.json()["code"]) == (404, "not_found")


def test_an_outline_goes_once_around_its_finding(film, put):
    """A report draws each several times: a hundred scrawls of 2000 lines kept the report service busy for minutes."""
    image, _ = film
    width, height = image["width"] - 1, image["height"] - 1
    scrawl = [(0, 0), (width, height)] * 1000
    said = {"image_id": image["id"], "kind": "mass", "shape": "outline"}
    refused = put(said | {"outline": scrawl})
    assert (refused.status_code, refused.json()["reason"]) == (422, "outline_too_long")
    jagged = [(n * width / 1999, height * (n % 2) / 400) for n in range(1999)]
    assert put(said | {"outline": [*jagged, (width, height)]}).status_code == 200


def test_the_outlines_of_a_case_have_a_number_of_points(film, put, monkeypatch):
    """Answers about the case hold all of them."""
    image, _ = film
    monkeypatch.setattr(outlines, "MOST_POINTS", 8)
    said = {"image_id": image["id"], "kind": "mass", "shape": "outline", "outline": [(1, 1), (9, 1), (9, 9), (1, 9)]}
    names = [str(uuid.uuid4()) for _ in range(2)]
    assert [put(said, name).status_code for name in names] == [200, 200]
    refused = put(said)
    assert (refused.status_code, refused.json()["reason"]) == (422, "too_many_points")
    assert put(said | {"comment": "changed"}, names[0]).status_code == 200, "its own points do not count twice"
    assert put(box(image)).status_code == 200
