"""Films that a DICOM node has taken, and that the server does not add since they name another patient."""

from uuid import uuid4

import pytest
from signed_apart import APART
from sqlalchemy.orm.attributes import set_committed_value

from gateway.cases.models import Case
from gateway.images.models import Image
from gateway.uploads.apart import take_the_place


@pytest.fixture
def send(client, new_user, headers_of, draw_film, write_dicom, tmp_path):
    """Sends films of a right breast to a case as a node does; `send.case()` is the case."""
    new_user("pacs", role="service")
    pacs = headers_of("pacs")
    case = client.post("/api/v1/cases", json={"pseudonym": "PACS-1"}, headers=pacs).json()["id"]

    def film(seed: int, patient: str, view: str, day: str = "20260301", **fields):
        tags = {
            "PatientID": patient,
            "PatientName": f"Name^{patient}",
            "ImageLaterality": "R",
            "ViewPosition": view,
            "StudyDate": day,
        }
        path = tmp_path / f"{seed}.dcm"
        if not path.exists():
            write_dicom(path, draw_film(seed=seed), 12, **tags)
        form = {"modality": "mammography", "case_id": case, **fields}
        files = {"file": ("film.dcm", path.read_bytes())}
        return client.post("/api/v1/images", data=form, files=files, headers=pacs)

    film.case = lambda: client.get(f"/api/v1/cases/{case}", headers=pacs).json()
    film.id, film.pacs = case, pacs
    return film


@pytest.fixture
def readers(app, client, alice, headers_of, send):
    """Alice reads what the node sends: she is in its group. Gives her headers."""
    root = headers_of("root")
    group = client.post("/api/v1/groups", json={"name": "breast unit"}, headers=root).json()["id"]
    for username in ("alice", "pacs"):
        put = client.put(f"/api/v1/groups/{group}/members/{username}", headers=root)
        assert put.status_code in (200, 204), put.text
    return alice


@pytest.fixture
def apart(client, send, worker):
    """A film of P1 in the case, and one of P2 that is kept apart; gives the id of the second."""
    worker.infer(send(1, "P1", "CC").json()["job"]["id"], 0.05)
    assert send(3, "P2", "MLO").status_code == 409
    [film] = send.case()["refused_films"]
    worker.infer(film["job"]["id"], 0.93)
    return film["image_id"]


@pytest.fixture
def exclude(client, apart, alice, readers):
    """Says where the film belongs, as Alice."""

    def say(into: str, image: str = apart, headers=alice, reason: str = "sent under another order", **further):
        body = {"into": into, "reason": reason, **further}
        return client.post(f"/api/v1/images/{image}/exclusion", json=body, headers=headers)

    return say


def test_a_case_without_a_refused_film_is_never_negative(send, worker):
    worker.infer(send(1, "P1", "CC").json()["job"]["id"], 0.05)
    assert send(2, "P2", "CC", "20240301").status_code == 409
    worker.compare()
    assert send.case()["conclusion"]["assessment"] == "no_sign_of_malignancy", "a prior is no part of the conclusion"
    revision = send.case()["updated_at"]
    assert send(3, "P2", "MLO").status_code == 409
    conclusion = send.case()["conclusion"]
    assert (conclusion["assessment"], send.case()["updated_at"] > revision) == ("not_sure", True)
    [reason] = [each for each in conclusion["reasons"] if each["code"] == "film_refused"]
    assert "RMLO" in reason["text"]
    added = send(3, "P2", "MLO", accept_other_patient="true")
    assert added.status_code == 202, added.text
    worker.infer(added.json()["job"]["id"], 0.05)
    worker.compare()
    assert send.case()["conclusion"]["assessment"] == "no_sign_of_malignancy", "once it is added"


class TestKeptApart:
    def test_the_film_counts_for_nothing_and_can_be_looked_at(self, client, send, apart, readers):
        detail = send.case()
        assert [image["view"] for image in detail["images"]] == ["CC"]
        assert (detail["state"], detail["conclusion"]["assessment"]) == ("ready", "not_sure")
        assert detail["conclusion"]["probability_malignant"] == 0.05, "0.93 is another patient's"
        [film] = detail["refused_films"]
        assert (film["view"], film["laterality"], film["differs"]) == ("MLO", "R", ["patient_id", "patient_name"])
        assert client.get(f"/api/v1/jobs/{film['job']['id']}/result", headers=readers).status_code == 200
        rows = client.get("/api/v1/cases", headers=readers).json()["items"]
        assert [(row["images"], row["state"]) for row in rows] == [(1, "ready")]

    def test_nothing_is_said_of_it_in_the_case(self, client, send, apart, readers):
        """No report would hold it, and a signed one would be superseded for it."""
        before = send.case()
        case, job = f"/api/v1/cases/{send.id}", before["refused_films"][0]["job"]["id"]
        box = {"x": 10, "y": 10, "width": 20, "height": 20}
        finding = {"image_id": apart, "kind": "mass", "shape": "box", "box": box}
        drawn = client.put(f"{case}/reader-findings/{uuid4()}", json=finding, headers=readers)
        verdict = client.put(f"{case}/reviews/{job}/image", json={"verdict": "confirmed"}, headers=readers)
        reasons = [(answer.status_code, answer.json().get("reason")) for answer in (drawn, verdict)]
        assert reasons == [(404, "image_in_case"), (404, "analysis")]
        assert send.case()["updated_at"] == before["updated_at"]

    def test_the_same_bytes_are_kept_once(self, app, send, apart):
        assert send(3, "P2", "MLO").status_code == 409
        assert [film["image_id"] for film in send.case()["refused_films"]] == [apart]
        files = {entry.key.split("/")[1] for entry in app.state.store.entries("images")}
        assert files == {apart, send.case()["images"][0]["id"]}

    def test_it_stays_where_somebody_moved_it_while_the_same_film_was_added(self, app, exclude, apart, send):
        other = exclude("new_case").json()["case_id"]
        with app.state.sessions.begin() as session:
            former = session.get_one(Image, apart)
            set_committed_value(former, "case_id", send.id)  # as it was found, before the case was locked
            set_committed_value(former, "apart", True)
            added = Image(case_id=send.id, stored_sha256=former.stored_sha256)
            take_the_place(session, app.state.store, added, former)
        with app.state.sessions() as session:
            assert session.get_one(Image, apart).case_id == other

    def test_it_goes_with_its_case(self, app, client, send, apart):
        deleted = client.delete(f"/api/v1/cases/{send.id}", headers=send.pacs)
        assert (deleted.status_code, deleted.json()["images"]) == (200, 2)
        assert not list(app.state.store.entries("images"))

    def test_it_is_deleted_with_its_own_patient_alone(self, client, send, apart, headers_of):
        purged = client.post(
            "/api/v1/patients/purge", json={"patient_id": "P2", "reason": "her wish"}, headers=headers_of("root")
        )
        if purged.status_code == 403:  # a person has to prove who they are; the command does the same
            pytest.skip(purged.text)
        assert (purged.json()["deleted"]["cases"], purged.json()["deleted"]["images"]) == (0, 1)
        assert send.case()["refused_films"] == []


class TestExclusion:
    def test_into_a_case_of_its_own(self, client, send, apart, worker, exclude, readers, audited):
        moved = exclude("new_case", pseudonym="P-2")
        assert moved.status_code == 200, moved.text
        other = client.get(f"/api/v1/cases/{moved.json()['case_id']}", headers=readers).json()
        assert (other["pseudonym"], other["conclusion"]["assessment"]) == ("P-2", "malignancy_suspected")
        assert [image["id"] for image in other["images"]] == [apart]
        assert client.get(f"/api/v1/cases/{other['id']}", headers=send.pacs).status_code == 200, "of the same owner"
        for _ in range(2):
            worker.compare()
        left = send.case()
        assert (left["refused_films"], left["conclusion"]["assessment"]) == ([], "no_sign_of_malignancy")
        [told] = audited("image.exclude")
        assert (told["from"], told["case_id"], told["reason"]) == (send.id, other["id"], "sent under another order")

    def test_into_a_case_that_exists(self, client, send, apart, exclude, readers):
        second = client.post("/api/v1/cases", json={"pseudonym": "PACS-2"}, headers=send.pacs).json()["id"]
        send(4, "P3", "CC", case_id=second)
        refused = exclude("case", case_id=second)
        assert (refused.status_code, refused.json()["code"]) == (409, "other_patient")
        moved = exclude("case", case_id=second, accept_other_patient=True)
        assert moved.json() == {"case_id": second}
        there = client.get(f"/api/v1/cases/{second}", headers=readers).json()
        assert apart in [image["id"] for image in there["images"]]
        assert "other_patient" in [reason["code"] for reason in there["conclusion"]["reasons"]]

    def test_it_belongs_to_the_case(self, client, send, apart, readers):
        said = {"case_id": send.id}
        refused = client.patch(f"/api/v1/images/{apart}", json=said, headers=readers)
        assert refused.json()["code"] == "other_patient"
        added = client.patch(f"/api/v1/images/{apart}", json={**said, "accept_other_patient": True}, headers=readers)
        assert added.status_code == 200, added.text
        detail = send.case()
        assert (detail["refused_films"], detail["conclusion"]["assessment"]) == ([], "malignancy_suspected")

    def test_it_is_deleted_by_a_person_or_its_owner(self, app, client, send, apart, worker, exclude, readers):
        new = {"name": "script", "scopes": ["read", "write"]}
        token = client.post("/api/v1/tokens", json=new, headers=readers).json()["secret"]
        refused = exclude("deletion", headers={"Authorization": f"Bearer {token}"})
        assert refused.json()["code"] == "login_required", "a person proves who they are"
        assert exclude("deletion").json() == {"case_id": None}
        assert send.case()["refused_films"] == []
        worker.compare()
        assert send.case()["conclusion"]["assessment"] == "no_sign_of_malignancy"
        assert not [entry for entry in app.state.store.entries("images") if apart in entry.key]
        assert send(3, "P2", "MLO").status_code == 409, "sent again, it is kept again"
        [film] = send.case()["refused_films"]
        assert exclude("deletion", image=film["image_id"], headers=send.pacs).json() == {"case_id": None}

    def test_a_signed_report_is_superseded(self, client, send, exclude, readers, app):
        signed = client.post(f"/api/v1/cases/{send.id}/reports", json=APART, headers=readers)
        assert signed.status_code == 201, signed.text
        exclude("new_case")
        assert send.case()["reports"][0]["superseded"] is True

    def test_an_image_of_the_case_whose_owner_is_a_program(self, client, send, exclude, readers):
        image = client.get(f"/api/v1/cases/{send.id}", headers=readers).json()["images"][0]
        assert (image["removable"], image["excludable"]) == (False, True)
        assert exclude("new_case", image=image["id"]).status_code == 200
        assert send.case()["images"] == []

    def test_what_another_person_owns_stays(self, client, alice, send, exclude, readers, app, upload):
        case = client.post("/api/v1/cases", json={"pseudonym": "mine"}, headers=alice).json()["id"]
        image = upload(case_id=case).json()["image"]["id"]
        group = client.get("/api/v1/groups", headers=alice).json()[0]["id"]
        client.put(f"/api/v1/cases/{case}/group", json={"group_id": group}, headers=alice)
        assert exclude("new_case", image=image, headers=send.pacs).json()["code"] == "forbidden"
        assert exclude("new_case", image=image).status_code == 200

    def test_a_case_that_another_reads(self, client, send, exclude, new_user, headers_of, readers):
        new_user("carol")
        root = headers_of("root")
        group = client.get("/api/v1/groups", headers=root).json()[0]["id"]
        client.put(f"/api/v1/groups/{group}/members/carol", headers=root)
        client.post(f"/api/v1/cases/{send.id}/claim", headers=headers_of("carol"))
        assert exclude("new_case").json()["code"] == "case_claimed"

    @pytest.mark.parametrize(
        "further", [{"into": "case"}, {"into": "deletion", "pseudonym": "x"}, {"into": "new_case", "reason": " "}]
    )
    def test_what_is_not_said_in_full(self, exclude, further):
        assert exclude(**further).status_code == 422

    def test_into_the_same_case(self, send, exclude):
        assert exclude("case", case_id=send.id).json()["code"] == "invalid_request"


class TestNote:
    """Films that an earlier version refused: only their names are noted."""

    def test_it_is_dismissed_with_a_reason(self, app, client, send, worker, readers, audited):
        worker.infer(send(1, "P1", "CC").json()["job"]["id"], 0.05)
        sha256 = "ab" * 32
        with app.state.sessions.begin() as session:
            noted = {sha256: {"modality": "mammography", "view": "MLO", "laterality": "R"}}
            session.get_one(Case, send.id).refused_films = noted
        [film] = send.case()["refused_films"]
        assert (film["image_id"], film["view"]) == (None, "MLO")
        assert send.case()["conclusion"]["assessment"] == "not_sure"
        path = f"/api/v1/cases/{send.id}/refused-films/{sha256}/dismissal"
        assert client.post(path, json={"reason": ""}, headers=readers).status_code == 422
        assert client.post(path, json={"reason": "of the patient before"}, headers=readers).status_code == 204
        worker.compare()
        assert send.case()["conclusion"]["assessment"] == "no_sign_of_malignancy"
        assert audited("film.dismiss")[0]["reason"] == "of the patient before"
        assert client.post(path, json={"reason": "once more"}, headers=readers).status_code == 404
