"""Removing images and replacing them."""

import pytest
from signed_apart import APART


class TestRemoval:
    def test_an_image_goes_with_its_job_its_objects_and_its_word_in_the_case(
        self, app, client, alice, case, send, worker, read, audit
    ):
        kept, gone = send(0), send(1)
        job, image = gone.json()["job"]["id"], gone.json()["image"]["id"]
        claim = worker.claim(job)
        worker.leave_result(claim)
        assert client.delete(f"/api/v1/images/{image}", headers=alice).status_code == 204
        assert worker.post(job, "inference", "heartbeat", attempt=claim["attempt"]).status_code == 409
        assert worker.post(job, "inference", "complete", attempt=claim["attempt"]).status_code in (409, 422)
        assert [each["id"] for each in read()["images"]] == [kept.json()["image"]["id"]]
        assert client.get(f"/api/v1/jobs/{job}", headers=alice).status_code == 404
        assert client.get(f"/api/v1/images/{image}", headers=alice).status_code == 404
        keys = [entry.key for kind in ("images", "jobs") for entry in app.state.store.entries(kind)]
        assert not [key for key in keys if image in key or job in key]
        assert audit("image.remove")[0]["case_id"] == case
        assert client.delete(f"/api/v1/images/{image}", headers=alice).status_code == 404

    def test_an_image_of_a_signed_version_stays_but_a_later_one_can_go(self, client, alice, case, send, worker, read):
        first = send(0).json()
        worker.infer(first["job"]["id"], 0.05)
        said = APART | {"conclusion": "no_sign_of_malignancy"}
        assert client.post(f"/api/v1/cases/{case}/reports", json=said, headers=alice).status_code == 201
        refused = client.delete(f"/api/v1/images/{first['image']['id']}", headers=alice)
        assert (refused.status_code, refused.json()["code"]) == (409, "image_signed")
        later = send(1).json()["image"]["id"]
        assert [image["removable"] for image in read()["images"]] == [False, True]
        assert client.delete(f"/api/v1/images/{later}", headers=alice).status_code == 204
        client.patch(f"/api/v1/images/{first['image']['id']}", json={"case_id": None}, headers=alice)
        again = client.delete(f"/api/v1/images/{first['image']['id']}", headers=alice)
        assert again.json()["code"] == "image_signed", "outside of the case it is still part of the report"

    def test_nobody_removes_another_s_image(self, client, headers_of, send):
        image = send(0).json()["image"]["id"]
        assert client.delete(f"/api/v1/images/{image}", headers=headers_of("bob")).status_code == 404
        assert client.delete(f"/api/v1/images/{image}").status_code == 401


class TestReplacement:
    def test_another_file_takes_the_place_of_a_failed_one(self, app, client, alice, send, worker, read, audit):
        wrong = send(0, said={"view": "MLO", "laterality": "L", "study_date": "2025-02-03"}).json()
        claim = worker.claim(wrong["job"]["id"])
        failure = {"code": "not_mammogram", "detail": "no film"}
        worker.post(wrong["job"]["id"], "inference", "fail", attempt=claim["attempt"], **failure)
        right = send(1, said={"replaces": wrong["image"]["id"], "laterality": "R"})
        assert right.status_code == 202, right.text
        images = read()["images"]
        assert [image["id"] for image in images] == [right.json()["image"]["id"]]
        assert (images[0]["view"], images[0]["laterality"], images[0]["study_date"]) == ("MLO", "R", "2025-02-03")
        assert audit("image.upload")[-1]["replaces"] == wrong["image"]["id"]
        assert not [entry for entry in app.state.store.entries("images") if wrong["image"]["id"] in entry.key]

    @pytest.mark.parametrize(
        ("said", "scale"),
        [({}, (0.25, None)), ({"magnification": "40X"}, (None, "40X")), ({"um_per_pixel": "0.5"}, (0.5, None))],
    )
    def test_the_scale_of_a_replaced_field_holds_unless_another_is_stated(self, upload, picture, case, said, scale):
        field = {"modality": "histopathology", "case_id": case}
        first = upload(picture(1), um_per_pixel="0.25", **field).json()["image"]["id"]
        image = upload(picture(2), replaces=first, **field, **said).json()["image"]
        assert (image["um_per_pixel"], image["magnification"]) == scale

    def test_an_upload_whose_answer_was_lost_may_be_repeated(self, send, read):
        first = send(0).json()["image"]["id"]
        replaced = send(1, said={"replaces": first}).json()
        again = send(1, said={"replaces": first})
        assert (again.status_code, again.json()["existing_job_id"]) == (409, replaced["job"]["id"])
        assert send(2, said={"replaces": first}).status_code == 404, "another file does not take the place of nothing"
        assert len(read()["images"]) == 1

    def test_the_same_file_may_take_its_own_place(self, send, read):
        first = send(0).json()["image"]["id"]
        assert send(0, said={"replaces": first}).status_code == 202
        assert len(read()["images"]) == 1

    def test_a_refused_file_leaves_the_old_one_where_it_is(self, upload, case, send, read):
        first = send(0).json()["image"]["id"]
        refused = upload(b"nonsense", name="x.dcm", modality="mammography", case_id=case, replaces=first)
        assert refused.status_code == 415
        assert [image["id"] for image in read()["images"]] == [first]

    def test_only_an_image_of_the_same_case_is_replaced(self, upload, film, send, headers_of, case):
        first = send(0).json()["image"]["id"]
        elsewhere = upload(film(1), name="f.dcm", modality="mammography", replaces=first)
        assert (elsewhere.status_code, elsewhere.json()["code"]) == (422, "invalid_request")
        other = upload(film(1), headers=headers_of("bob"), name="f.dcm", modality="mammography", replaces=first)
        assert other.status_code == 404
