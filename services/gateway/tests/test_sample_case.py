"""A sample case to try the portal with, and hints that were seen."""

import pytest
from object_files import stored_files


@pytest.fixture
def sample(client, alice):
    """The id of Alice's sample case."""
    answer = client.post("/api/v1/sample-case", headers=alice | {"Accept-Language": "en"})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


@pytest.fixture
def analysed(client, alice, sample, worker):
    """Its images, analysed."""
    images = client.get(f"/api/v1/cases/{sample}", headers=alice).json()["images"]
    for image in images:
        worker.infer(image["job"]["id"], findings=1)
    return images


def test_it_has_four_views_and_is_marked(client, alice, sample):
    detail = client.get(f"/api/v1/cases/{sample}", headers=alice).json()
    assert detail["sample"] is True
    views = {f"{image['laterality']}{image['view']}" for image in detail["images"]}
    assert views == {"RCC", "LCC", "RMLO", "LMLO"}
    assert client.post("/api/v1/sample-case", headers=alice).json()["id"] == sample, "there is one"


def test_it_is_seen_by_its_user_alone(client, sample, headers_of):
    assert client.get(f"/api/v1/cases/{sample}", headers=headers_of("bob")).status_code == 404


def test_it_is_read_but_cannot_be_signed(client, alice, sample, analysed):
    job = analysed[0]["job"]["id"]
    said = client.put(f"/api/v1/cases/{sample}/reviews/{job}/f1", headers=alice, json={"verdict": "confirmed"})
    assert said.status_code == 200
    refused = client.post(f"/api/v1/cases/{sample}/reports", headers=alice, json={"conclusion": "not_sure"})
    assert (refused.status_code, refused.json()["code"]) == (409, "case_is_sample")
    real = client.post("/api/v1/cases", headers=alice, json={"pseudonym": "P-1"}).json()["id"]
    for target in (real, None):
        moved = client.patch(f"/api/v1/images/{analysed[0]['id']}", headers=alice, json={"case_id": target})
        assert (moved.status_code, moved.json()["code"]) == (409, "case_is_sample")


def test_it_takes_no_other_films(client, alice, sample, upload, picture):
    said = {"modality": "mammography", "view": "CC", "laterality": "R"}
    added = upload(picture(7), headers=alice, case_id=sample, **said)
    assert (added.status_code, added.json()["code"]) == (409, "case_is_sample")
    job = upload(picture(8), headers=alice, **said).json()["job"]["id"]
    image = client.get(f"/api/v1/jobs/{job}", headers=alice).json()["image_id"]
    moved = client.patch(f"/api/v1/images/{image}", headers=alice, json={"case_id": sample})
    assert (moved.status_code, moved.json()["code"]) == (409, "case_is_sample")


def test_what_it_lacks_is_added(client, alice, sample):
    first = client.get(f"/api/v1/cases/{sample}", headers=alice).json()["images"][0]["id"]
    assert client.delete(f"/api/v1/images/{first}", headers=alice).status_code == 204
    assert client.post("/api/v1/sample-case", headers=alice).json()["id"] == sample
    assert len(client.get(f"/api/v1/cases/{sample}", headers=alice).json()["images"]) == 4


def test_it_is_deleted_with_all_of_it(app, client, alice, sample, analysed, root):
    job, image = analysed[0]["job"]["id"], analysed[0]["id"]
    client.put(f"/api/v1/cases/{sample}/reviews/{job}/f1", headers=alice, json={"verdict": "confirmed"})
    box = {"x": 1, "y": 1, "width": 3, "height": 3}
    drawn = {"image_id": image, "kind": "mass", "shape": "box", "box": box}
    path = f"/api/v1/cases/{sample}/reader-findings/5f0c8a52-43b7-4f0e-9a1b-0123456789ab"
    assert client.put(path, headers=alice, json=drawn).status_code == 200
    assert client.delete("/api/v1/sample-case", headers=alice).status_code == 204
    assert client.get(f"/api/v1/cases/{sample}", headers=alice).status_code == 404
    assert stored_files(app) == []
    assert client.delete("/api/v1/sample-case", headers=alice).status_code == 404
    events = client.get(f"/api/v1/audit?target_id={sample}", headers=root).json()["items"]
    assert {"case.sample", "case.delete_sample"} <= {event["action"] for event in events}
    assert client.post("/api/v1/sample-case", headers=alice).status_code == 201, "and can be opened anew"


def test_the_tour_is_offered_until_it_was_seen(client, alice, cookie_of):
    client.cookies.set(*cookie_of("alice"))
    page = client.get("/").text
    assert 'data-sample="open"' in page
    assert 'data-tour="never"' in page
    assert client.put("/api/v1/hints/tour", headers=alice).status_code == 204
    assert client.put("/api/v1/hints/other", headers=alice).status_code == 422
    page = client.get("/").text
    assert 'data-sample="open"' in page
    assert 'data-tour="never"' not in page


def test_it_is_called_by_the_reader_s_language_whoever_opened_it(client, alice, sample, analysed, worker):
    """It was opened in English, and kept that name in the Chinese portal and in drafts."""
    chinese = alice | {"Accept-Language": "zh"}
    for path in ("/", f"/cases/{sample}"):
        shown = client.get(path, headers=chinese).text
        assert "示例病例" in shown
        assert "Sample case" not in shown
