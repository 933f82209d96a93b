"""One case: what its detail says, corrections of its images, reviews."""

import pytest

from gateway.images.models import Image
from gateway.reviews.service import find_target
from lobule.contracts.compatibility import HEADERS

pytestmark = pytest.mark.usefixtures("store_read_without_connection")


class TestDetail:
    def test_says_all_of_it(self, film, read, worker):
        job = film(1, view="CC", laterality="R")
        worker.infer(job)
        case = read()
        [image] = case["images"]
        assert (image["job"]["id"], image["state"], image["view"]) == (job, "assessed", "CC")
        assert image["job"]["assessment"] == case["conclusion"]["assessment"] == "malignancy_suspected"
        assert case["conclusion"]["missing_views"] == ["LCC", "RMLO", "LMLO"]
        reason = case["conclusion"]["reasons"][0]
        assert (reason["code"], reason["job_id"]) == ("film_suspected", job)
        assert reason["text"].startswith("RCC: ")
        suggested = {s["code"] for s in case["conclusion"]["suggestions"]}
        assert suggested >= {"further_imaging", "complete_views"}
        assert "histopathology" not in suggested, "nothing is marked"
        assert case["reviews"] == case["reports"] == []

    def test_a_suspicious_marked_finding_suggests_tissue(self, film, read, worker):
        worker.infer(film(1, view="CC", laterality="R"), findings=1)
        assert "histopathology" in {s["code"] for s in read()["conclusion"]["suggestions"]}

    def test_gives_the_results_of_several_images_at_once(self, client, alice, headers_of, case, film, worker):
        jobs = [film(1, view="CC", laterality="R"), film(2, view="MLO", laterality="R")]
        worker.infer(jobs[0], findings=1)
        at, asked = f"/api/v1/cases/{case}/results", {"job": [*jobs, "another"]}
        found = client.get(at, headers=alice, params=asked).json()
        assert found == {jobs[0]: client.get(f"/api/v1/jobs/{jobs[0]}/result", headers=alice).json()}
        assert client.get(at, headers=headers_of("bob"), params=asked).status_code == 404
        assert client.get(at, headers=alice, params={"job": ["x"] * 17}).status_code == 422

    def test_speaks_chinese(self, film, read, worker):
        worker.infer(film(1, view="CC", laterality="R"))
        assert "恶性" in read(lang="zh")["conclusion"]["reasons"][0]["text"]

    def test_counts_the_newest_analysis(self, client, alice, film, read, worker):
        job = film(1)
        worker.infer(job)
        image = read()["images"][0]["id"]
        again = client.post(f"/api/v1/images/{image}/jobs", headers=alice).json()["id"]
        assert [i["job"]["id"] for i in read()["images"]] == [again]
        of_image = client.get(f"/api/v1/images/{image}/jobs", headers=alice).json()
        assert {each["id"] for each in of_image} == {job, again}
        assert read()["state"] == "analysing"


class TestCorrect:
    @pytest.fixture
    def patch(self, client, alice, read):
        def send(**fields):
            return client.patch(f"/api/v1/images/{read()['images'][0]['id']}", json=fields, headers=alice)

        return send

    def test_view_and_side(self, film, read, worker, patch):
        worker.infer(film(1))
        assert patch(view="MLO", laterality="L").json()["laterality"] == "L"
        assert read()["conclusion"]["missing_views"] == ["RCC", "LCC", "RMLO"]
        assert read()["images"][0]["job"]["assessment"] == "malignancy_suspected", "nothing is analysed again"
        assert patch(view=None).json()["view"] is None

    def test_another_magnification_analyses_again(self, client, alice, upload, picture):
        accepted = upload(picture(), magnification="40X").json()
        of_image = f"/api/v1/images/{accepted['image']['id']}"
        same = client.patch(of_image, json={"magnification": "40X"}, headers=alice).json()
        assert same["job"]["id"] == accepted["job"]["id"]
        other = client.patch(of_image, json={"magnification": "200X"}, headers=alice).json()
        assert (other["magnification"], other["job"]["id"] == accepted["job"]["id"]) == ("200X", False)

    def test_other_micrometres_analyse_again(self, client, alice, upload, picture, worker):
        accepted = upload(picture(), um_per_pixel="0.25", magnification="40X").json()
        of_image = f"/api/v1/images/{accepted['image']['id']}"
        same = client.patch(of_image, json={"um_per_pixel": 0.25}, headers=alice).json()
        assert same["job"]["id"] == accepted["job"]["id"]
        other = client.patch(of_image, json={"um_per_pixel": 0.5}, headers=alice).json()
        assert (other["um_per_pixel"], other["job"]["id"] == accepted["job"]["id"]) == (0.5, False)
        client.headers.update(HEADERS)
        [subject] = worker.claim(other["job"]["id"])["unit"]["images"]
        assert subject["image"]["um_per_pixel"] == 0.5
        unknown = client.patch(of_image, json={"um_per_pixel": None}, headers=alice).json()
        assert (unknown["um_per_pixel"], unknown["magnification"]) == (None, "40X")
        for wrong in (0, 0.01, 10.6, "fine"):
            refused = client.patch(of_image, json={"um_per_pixel": wrong}, headers=alice)
            assert refused.json()["code"] == "invalid_request"

    def test_another_modality_analyses_again(self, client, alice, film, read, worker, patch):
        first = film(1, view="CC", laterality="R")
        answer = patch(modality="histopathology", magnification="100X").json()
        assert (answer["view"], answer["magnification"]) == (None, "100X")
        assert answer["job"]["id"] != first
        assert client.get(f"/api/v1/jobs/{first}", headers=alice).json()["state"] == "cancelled"
        claim = worker.claim(answer["job"]["id"])
        assert claim["image"]["modality"] == "histopathology"
        assert read()["state"] == "analysing"

    @pytest.mark.parametrize("verb", ["patch", "delete"])
    def test_not_over_somebody_elses_change(self, client, alice, case, film, read, worker, colleague, verb):
        job = film(1)
        worker.infer(job)
        here = f"/api/v1/images/{read()['images'][0]['id']}"
        carol = colleague(case)
        seen = {"If-Match": client.get(f"/api/v1/cases/{case}", headers=alice).headers["etag"]}
        review = f"/api/v1/cases/{case}/reviews/{job}/image"
        assert client.put(review, json={"verdict": "confirmed"}, headers=carol).status_code == 200
        change = {"json": {"laterality": "R"}} if verb == "patch" else {}
        late = client.request(verb, here, headers=alice | seen, **change)
        assert (late.status_code, late.json()["code"]) == (412, "case_changed")
        assert read()["images"][0]["laterality"] is None
        seen = {"If-Match": client.get(f"/api/v1/cases/{case}", headers=alice).headers["etag"]}
        assert client.request(verb, here, headers=alice | seen, **change).is_success

    def test_an_image_that_left_its_case_is_not_as_it_was_seen(self, client, alice, case, film, patch, read):
        film(1)
        seen = {"If-Match": client.get(f"/api/v1/cases/{case}", headers=alice).headers["etag"]}
        here = f"/api/v1/images/{read()['images'][0]['id']}"
        client.patch(here, json={"case_id": None}, headers=alice)
        assert client.patch(here, json={"view": "CC"}, headers=alice | seen).json()["code"] == "case_changed"
        assert client.patch(here, json={"view": "CC"}, headers=alice | {"If-Match": "*"}).status_code == 200

    def test_what_does_not_fit(self, film, patch, read, upload, picture):
        film(1)
        assert patch(magnification="40X").json()["code"] == "invalid_request"
        assert patch(um_per_pixel=0.5).json()["code"] == "invalid_request"
        assert patch(modality="ultrasound").status_code == 422
        upload(picture(1), modality="histopathology", case_id=read()["id"])
        assert patch(modality="histopathology").json()["code"] == "duplicate_image"
        assert patch(case_id="elsewhere").status_code == 404

    def test_out_of_the_case_and_into_another(self, client, alice, film, row, patch, read):
        film(1)
        image = read()["images"][0]["id"]
        other = client.post("/api/v1/cases", json={"pseudonym": "P-2"}, headers=alice).json()["id"]
        assert patch(case_id=other).json()["case_id"] == other
        assert row()["state"] == "empty"
        assert client.get(f"/api/v1/cases/{other}", headers=alice).json()["state"] == "analysing"
        client.patch(f"/api/v1/images/{image}", json={"case_id": None}, headers=alice)
        assert client.get(f"/api/v1/cases/{other}", headers=alice).json()["state"] == "empty"

    def test_not_by_others(self, client, film, read, headers_of):
        film(1)
        image = read()["images"][0]["id"]
        assert (
            client.patch(f"/api/v1/images/{image}", json={"view": "CC"}, headers=headers_of("bob")).status_code == 404
        )


class TestReview:
    @pytest.fixture
    def put(self, client, alice, case):
        def send(job, finding, headers=None, **said):
            path = f"/api/v1/cases/{case}/reviews/{job}/{finding}"
            return client.put(path, json=said, headers=alice | (headers or {}))

        return send

    def test_written_changed_taken_back(self, film, read, worker, put):
        job = film(1)
        worker.infer(job)
        assert put(job, "image", verdict="confirmed").json()["reviewer"] == "alice"
        put(job, "image", verdict="dismissed", comment="an artefact")
        [review] = read()["reviews"]
        assert (review["verdict"], review["comment"]) == ("dismissed", "an artefact")
        assert put(job, "image").json() is None
        assert read()["reviews"] == []

    def test_of_one_finding(self, film, read, worker, put):
        job = film(1)
        worker.infer(job, findings=2)
        assert put(job, "f2", verdict="confirmed").json()["finding_id"] == "f2"
        assert put(job, "f3", verdict="confirmed").status_code == 404
        assert put(job, "first", verdict="confirmed").status_code == 422

    def test_of_an_image_that_is_taken_out_meanwhile(self, app, film, read, worker, put, monkeypatch):
        def taken_out(*asked):
            with app.state.sessions.begin() as session:
                session.query(Image).update({"apart": True})
            return find_target(*asked)

        job = film(1)
        worker.infer(job)
        monkeypatch.setattr("gateway.reviews.service.find_target", taken_out)
        assert put(job, "image", verdict="confirmed").status_code == 404
        assert read()["reviews"] == []

    def test_a_client_of_version_0_1_names_a_place_and_reads_it(self, film, read, worker, put):
        job = film(1)
        worker.infer(job, findings=2)
        assert put(job, "1", verdict="confirmed").status_code == 200
        assert put(job, "2", verdict="confirmed").status_code == 404
        put(job, "f2", verdict="dismissed")
        [review] = read()["reviews"]
        assert (review["finding"], review["finding_id"], review["verdict"]) == ("1", "f2", "dismissed")

    def test_needs_a_result_of_this_case(self, film, upload, picture, put):
        assert put(film(1), "image", verdict="confirmed").json()["code"] == "result_not_ready"
        elsewhere = upload(picture(9)).json()["job"]["id"]
        assert put(elsewhere, "image", verdict="confirmed").status_code == 404

    def test_not_over_somebody_elses_change(self, client, alice, case, film, worker, put):
        job = film(1)
        worker.infer(job)
        seen = {"If-Match": client.get(f"/api/v1/cases/{case}", headers=alice).headers["etag"]}
        answer = put(job, "image", seen, verdict="confirmed")
        assert answer.status_code == 200
        late = put(job, "image", seen, verdict="dismissed")
        assert (late.status_code, late.json()["code"]) == (412, "case_changed")
        assert put(job, "image", {"If-Match": answer.headers["etag"]}, verdict="dismissed").status_code == 200

    def test_the_last_change_can_be_undone_once_by_who_made_it(
        self, client, alice, root, case, film, worker, put, colleague, read
    ):
        carol = colleague(case)

        def last(who=alice):
            return client.get(f"/api/v1/cases/{case}/reviews/last", headers=who).json()

        job = film(1)
        worker.infer(job, findings=1)
        assert last() is None
        put(job, "0", verdict="confirmed", comment="sure")
        put(job, "0", verdict="dismissed")
        before = {"verdict": "confirmed", "comment": "sure"}
        change = {"job_id": job, "finding": "0", "finding_id": "f1", "before": before}
        assert last() == change | {"earlier": None}
        put(job, "0", carol, verdict="confirmed")
        assert last() is None, "what somebody else said is not taken back unseen"
        assert last(carol)["before"] == {"verdict": "dismissed", "comment": ""}
        put(job, "0", carol, verdict="dismissed", undo=True)
        assert last(carol) is None, "an undo is not undone"
        assert [review["verdict"] for review in read()["reviews"]] == ["dismissed"]
        events = client.get("/api/v1/audit", params={"action": "finding.review"}, headers=root).json()
        assert events["items"][0]["detail"]["undo"] is True
        image = read()["images"][0]["id"]
        put(job, "0", verdict="confirmed")
        put(job, "0", carol, verdict=None, undo=True)
        assert last(carol)["before"]["verdict"] == "confirmed", "it undoes no change of theirs"
        events = client.get("/api/v1/audit", params={"action": "finding.review"}, headers=root).json()
        assert "undo" not in events["items"][0]["detail"]
        put(job, "0", verdict="confirmed")
        assert client.delete(f"/api/v1/images/{image}", headers=alice).status_code == 204
        assert last() is None

    def test_the_verdicts_on_two_marks_of_a_lesion_are_undone_together(self, client, alice, case, film, worker, put):
        def last():
            return client.get(f"/api/v1/cases/{case}/reviews/last", headers=alice).json()

        job = film(1)
        worker.infer(job, findings=2)
        put(job, "f1", verdict="confirmed")
        put(job, "f2", verdict="confirmed", together=True)
        change = last()
        assert (change["finding_id"], change["earlier"]["finding_id"]) == ("f2", "f1")
        put(job, "f2", undo=True)
        assert (last()["finding_id"], last()["earlier"]) == ("f1", None)
        put(job, "f1", undo=True)
        assert last() is None

    def test_they_go_with_an_image_into_another_case(self, client, alice, case, film, worker, put, read):
        job = film(1)
        worker.infer(job, findings=1)
        put(job, "f1", verdict="confirmed")
        other = client.post("/api/v1/cases", json={"pseudonym": "P-2"}, headers=alice).json()["id"]
        image = f"/api/v1/images/{read()['images'][0]['id']}"
        assert client.patch(image, json={"case_id": None}, headers=alice).status_code == 200
        assert client.patch(image, json={"case_id": other}, headers=alice).status_code == 200
        assert read()["reviews"] == []
        assert client.get(f"/api/v1/cases/{case}/reviews/last", headers=alice).json() is None
        [review] = client.get(f"/api/v1/cases/{other}", headers=alice).json()["reviews"]
        assert (review["finding_id"], review["verdict"]) == ("f1", "confirmed")
