"""Whose a file is, of which examination, and taking images away: on SQLite and on PostgreSQL."""

import json
from datetime import date

import pytest
from sqlalchemy import text

from gateway.cases.examinations import examinations
from gateway.images.identity import Fingerprints, differences
from gateway.images.models import FileIdentity, Image
from lobule.imaging.header import DicomIdentity

ANNA = {"PatientID": "4711", "PatientName": "Lee^Anna", "PatientBirthDate": "19610203"}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def app(request, make_app):
    return make_app(request.getfixturevalue("migrated_postgres_url") if request.param == "postgres" else None)


@pytest.fixture
def film(tmp_path, draw_film, write_dicom):
    """A DICOM film; each number is another film, and the same number and tags are the same bytes."""
    made: dict[tuple, bytes] = {}

    def make(number: int = 0, **tags) -> bytes:
        key = (number, *sorted(tags.items()))
        if key not in made:
            said = {"PatientID": "", "PatientName": ""} | tags
            path = write_dicom(tmp_path / "film.dcm", draw_film(80, 70, seed=number), 12, **said)
            made[key] = path.read_bytes()
        return made[key]

    return make


@pytest.fixture
def case(client, alice) -> str:
    return client.post("/api/v1/cases", json={"pseudonym": "P-1"}, headers=alice).json()["id"]


@pytest.fixture
def send(upload, case, film):
    """Sends a film into the case."""

    def do(number: int = 0, *, said: dict | None = None, **tags):
        fields = {"modality": "mammography", "case_id": case} | (said or {})
        return upload(film(number, **tags), name="film.dcm", **fields)

    return do


@pytest.fixture
def read(client, alice, case):
    return lambda: client.get(f"/api/v1/cases/{case}", headers=alice).json()


def audit(app, action: str) -> list[dict]:
    with app.state.sessions.begin() as session:
        rows = session.execute(text("SELECT detail FROM audit_events WHERE action = :a ORDER BY at, id"), {"a": action})
        return [json.loads(row[0]) if isinstance(row[0], str) else row[0] for row in rows]


class TestPatient:
    def test_another_patient_is_refused_unless_accepted_and_that_is_audited(self, app, send, read):
        assert send(0, **ANNA).status_code == 202
        refused = send(1, **(ANNA | {"PatientID": "4712", "PatientBirthDate": "19610204"}))
        problem = refused.json()
        assert (refused.status_code, problem["code"]) == (409, "other_patient")
        assert problem["differs"] == ["patient_id", "birth_date"]
        assert len(read()["images"]) == 1
        assert not [key for key in app.state.store.entries("images") if read()["images"][0]["id"] not in key.key]
        accepted = send(1, said={"accept_other_patient": "true"}, **(ANNA | {"PatientID": "4712"}))
        assert accepted.status_code == 202, accepted.text
        assert audit(app, "image.upload")[-1]["other_patient_accepted"] == ["patient_id"]
        assert send(2, **(ANNA | {"PatientID": "4712"})).status_code == 202, "what was accepted is not asked again"

    def test_the_same_patient_written_otherwise_and_what_is_missing_agree(self, send):
        assert send(0, **ANNA).status_code == 202
        assert send(1, PatientID=" 4711 ", PatientName="LEE^ANNA^^").status_code == 202
        assert send(2).status_code == 202
        assert send(3, PatientBirthDate="nonsense").status_code == 202

    def test_nothing_of_the_patient_is_stored_in_clear(self, app, client, send, alice):
        answer = send(0, **ANNA)
        with app.state.sessions.begin() as session:
            rows = [
                *session.execute(text("SELECT * FROM images")),
                *session.execute(text("SELECT * FROM audit_events")),
            ]
        everything = f"{rows} {answer.text}".lower()
        for value in ("4711", "anna", "lee^", "19610203", "1961-02-03"):
            assert value not in everything

    def test_an_image_is_not_moved_into_another_patient_s_case_unasked(self, client, alice, send, upload, film):
        send(0, **ANNA)
        lone = upload(film(1, PatientID="9"), name="b.dcm", modality="mammography").json()["image"]["id"]
        case_id = client.get("/api/v1/cases", headers=alice).json()["items"][0]["id"]
        move = {"case_id": case_id}
        refused = client.patch(f"/api/v1/images/{lone}", json=move, headers=alice)
        assert refused.json()["code"] == "other_patient"
        moved = client.patch(f"/api/v1/images/{lone}", json=move | {"accept_other_patient": True}, headers=alice)
        assert moved.json()["case_id"] == case_id


class TestPreview:
    @pytest.fixture
    def preview(self, client, alice, film):
        def do(number: int = 0, case: str | None = None, replaces: str = "", **tags):
            fields = {"case_id": case, "replaces": replaces} if case else {}
            return client.post(
                "/api/v1/previews", data=fields, files={"file": ("a.dcm", film(number, **tags))}, headers=alice
            )

        return do

    def test_another_patient_than_the_case_s_is_told_before_anything_is_added(self, send, preview, case, read):
        anna = send(0, **ANNA).json()["image"]["id"]
        assert preview(1, case, **ANNA).json()["differs"] == []
        other = preview(1, case, **(ANNA | {"PatientName": "Lee^Hanna"})).json()
        assert other["differs"] == ["patient_name"]
        assert preview(1, case, anna, PatientName="Lee^Hanna").json()["differs"] == []
        assert len(read()["images"]) == 1

    def test_files_that_wait_can_be_compared_by_marks_that_say_nothing(self, preview):
        one, other = preview(0, **ANNA).json(), preview(1, **(ANNA | {"PatientID": "4712"})).json()
        same = [name for name, mark in one["patient"].items() if mark == other["patient"][name]]
        assert same == ["patient_name", "birth_date"]
        assert "4711" not in str(one)

    def test_the_day_of_the_examination_is_told(self, preview):
        assert preview(0, StudyDate="20260301").json()["study_date"] == "2026-03-01"
        assert preview(0, StudyDate="29990101").json()["study_date"] is None

    def test_a_file_that_is_refused_names_nobody(self, client, alice):
        answer = client.post(
            "/api/v1/previews", files={"file": ("a.dcm", bytes(128) + b"DICM" + bytes(9))}, headers=alice
        )
        assert answer.status_code == 202
        assert set(answer.json()["patient"].values()) == {None}

    def test_a_case_of_somebody_else_is_not_there(self, client, headers_of, film, case):
        answer = client.post(
            "/api/v1/previews", data={"case_id": case}, files={"file": ("a.dcm", film())}, headers=headers_of("bob")
        )
        assert answer.status_code == 404


class TestFingerprints:
    def of(self, key="k" * 32, **identity) -> FileIdentity:
        return Fingerprints(key).of(DicomIdentity(**identity))

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("Lee^Anna", "LEE^ANNA"),
            ("Lee^Anna", " Lee ^ Anna ^^"),
            ("Müller^Eva", "Mu\u0308ller^Eva"),
            ("Ｌｅｅ^Anna", "Lee^Anna"),
            ("Yamada^Tarou", "Yamada^Tarou=山田^太郎"),
            ("王^芳", "王^芳^"),
        ],
    )
    def test_a_name_is_the_same_however_it_is_written(self, one, other):
        assert differences(self.of(patient_name=one), [self.of(patient_name=other)]) == []

    def test_names_differ(self):
        assert differences(self.of(patient_name="Lee^Anna"), [self.of(patient_name="Lee^Hanna")]) == ["patient_name"]

    def test_the_same_value_of_two_attributes_has_two_fingerprints(self):
        marked = self.of(patient_id="1", patient_name="1")
        assert marked.patient_id_mark != marked.patient_name_mark

    def test_what_names_no_person_is_kept_and_uids_are_not(self):
        kept = self.of(
            sop_class_uid="1.2.840.10008.5.1.4.1.1.1.2", sop_instance_uid="1.2.3", series_instance_uid="1.2.3"
        )
        assert kept.sop_class == "1.2.840.10008.5.1.4.1.1.1.2"
        assert kept.instance_mark != kept.series_mark
        assert "1.2.3" not in f"{kept.instance_mark}{kept.series_mark}"
        assert self.of(sop_class_uid="Lee^Anna").sop_class is None

    def test_fingerprints_of_another_key_say_nothing(self):
        assert differences(self.of(patient_id="1"), [self.of("x" * 32, patient_id="2")]) == []


class TestExaminations:
    @pytest.fixture
    def analysed(self, worker, read):
        """Sends a film and assesses it."""

        def do(answer, probability: float):
            worker.infer(answer.json()["job"]["id"], probability)

        return do

    def test_the_newest_examination_is_judged_and_earlier_ones_are_priors(self, send, analysed, read, client, alice):
        cc = {"view": "CC", "laterality": "R"}
        analysed(send(0, said=cc, StudyDate="20230501"), 0.95)
        assert read()["conclusion"]["assessment"] == "malignancy_suspected"
        analysed(send(1, said=cc, StudyDate="20260301"), 0.05)
        analysed(send(2, said={"view": "MLO", "laterality": "R"}, StudyDate="20260301"), 0.05)
        found = read()
        assert found["conclusion"]["assessment"] == "no_sign_of_malignancy"
        assert found["conclusion"]["missing_views"] == ["LCC", "LMLO"]
        assert [(image["study_date"], image["is_prior"]) for image in found["images"]] == [
            ("2023-05-01", True),
            ("2026-03-01", False),
            ("2026-03-01", False),
        ]
        row = client.get("/api/v1/cases", headers=alice).json()["items"][0]
        assert (row["study_date"], row["assessment"]) == ("2026-03-01", "no_sign_of_malignancy")

    def test_a_film_without_a_date_is_current_until_the_user_says_its_day(self, send, analysed, read, client, alice):
        analysed(send(0, StudyDate="20260301"), 0.05)
        undated = send(1)
        analysed(undated, 0.95)
        assert [image["examination"] for image in read()["images"]] == ["2026-03-01"] * 2
        assert read()["conclusion"]["assessment"] == "malignancy_suspected"
        before = read()["revision"]
        image = undated.json()["image"]["id"]
        said = client.patch(f"/api/v1/images/{image}", json={"study_date": "2020-01-31"}, headers=alice)
        assert said.json()["study_date"] == "2020-01-31"
        after = read()
        assert after["images"][1]["is_prior"]
        assert after["conclusion"]["assessment"] == "no_sign_of_malignancy"
        assert after["revision"] > before

    def test_two_studies_of_one_day_are_one_examination(self, send, read):
        for number in range(2):
            send(number, StudyDate="20260301", StudyInstanceUID=f"1.2.{number}")
        assert [image["is_prior"] for image in read()["images"]] == [False, False]

    def test_a_film_without_a_date_is_of_the_day_of_its_study(self):
        def film(name, day=None, study=None):
            return Image(id=name, modality="mammography", study_date=day, identity=FileIdentity(study_mark=study))

        old = film("old", date(2020, 1, 1), "k:1")
        found = examinations([old, film("dateless", None, "k:1"), film("new", date(2026, 1, 1)), film("unknown")])
        assert {name: place.is_prior for name, place in found.items()} == {
            "old": True,
            "dateless": True,
            "new": False,
            "unknown": False,
        }

    def test_histology_always_counts(self):
        field = Image(id="h", modality="histopathology", study_date=date(2010, 1, 1), identity=FileIdentity())
        found = examinations(
            [field, Image(id="f", modality="mammography", study_date=date(2026, 1, 1), identity=FileIdentity())]
        )
        assert not found["h"].is_prior

    def test_a_report_of_an_older_content_reads_as_it_was_signed(self, app, client, alice, case, send, analysed):
        analysed(send(0, StudyDate="20260301"), 0.05)
        signed = client.post(f"/api/v1/cases/{case}/reports", json={}, headers=alice)
        assert signed.status_code == 201, signed.text
        now = client.get(f"/api/v1/cases/{case}/reports/1/content", headers=alice).json()
        assert now["images"][0]["study_date"] == "2026-03-01"
        for image in now["images"]:  # as a version before this one wrote it
            del image["study_date"], image["is_prior"]
        with app.state.sessions.begin() as session:
            session.execute(text("UPDATE case_reports SET content = :c"), {"c": json.dumps(now)})
        old = client.get(f"/api/v1/cases/{case}/reports/1/content", headers=alice)
        assert json.loads(old.content) == now

    @pytest.mark.parametrize("day", ["2999-01-01", "1899-12-31", "0001-01-01", "yesterday", "0", "20240501", "nan"])
    def test_a_day_that_cannot_be_is_refused(self, send, day):
        assert send(0, said={"study_date": day}).json()["code"] == "invalid_request"


class TestConflicts:
    def test_what_the_user_says_counts_and_the_conflict_is_told(self, send, read):
        tags = {"StudyDate": "20260301", "ImageLaterality": "L", "ViewPosition": "CC"}
        answer = send(0, said={"study_date": "2025-01-01", "laterality": "R", "view": "MLO"}, **tags)
        image = answer.json()["image"]
        assert (image["study_date"], image["laterality"], image["view"]) == ("2025-01-01", "R", "MLO")
        assert sorted(image["conflicts"], key=lambda conflict: conflict["of"]) == [
            {"of": "laterality", "said": "R", "file": "L"},
            {"of": "study_date", "said": "2025-01-01", "file": "2026-03-01"},
            {"of": "view", "said": "MLO", "file": "CC"},
        ]
        assert read()["images"][0]["conflicts"] == image["conflicts"]

    def test_agreement_is_none(self, send):
        assert send(0, said={"study_date": "2026-03-01"}, StudyDate="20260301").json()["image"]["conflicts"] == []


class TestRemoval:
    def test_an_image_goes_with_its_job_its_objects_and_its_word_in_the_case(
        self, app, client, alice, case, send, worker, read
    ):
        kept, gone = send(0), send(1)
        job, image = gone.json()["job"]["id"], gone.json()["image"]["id"]
        claim = worker.claim(job)
        worker.leave_result(claim)
        assert client.delete(f"/api/v1/images/{image}", headers=alice).status_code == 204
        assert worker.say(job, "inference", "heartbeat", attempt=claim["attempt"]).status_code == 409
        assert worker.say(job, "inference", "complete", attempt=claim["attempt"]).status_code in (409, 422)
        assert [each["id"] for each in read()["images"]] == [kept.json()["image"]["id"]]
        assert client.get(f"/api/v1/jobs/{job}", headers=alice).status_code == 404
        assert client.get(f"/api/v1/images/{image}", headers=alice).status_code == 404
        keys = [entry.key for kind in ("images", "jobs") for entry in app.state.store.entries(kind)]
        assert not [key for key in keys if image in key or job in key]
        assert audit(app, "image.remove")[0]["case_id"] == case
        assert client.delete(f"/api/v1/images/{image}", headers=alice).status_code == 404

    def test_an_image_of_a_signed_version_stays_but_a_later_one_can_go(self, client, alice, case, send, worker, read):
        first = send(0).json()
        worker.infer(first["job"]["id"], 0.05)
        assert client.post(f"/api/v1/cases/{case}/reports", json={}, headers=alice).status_code == 201
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
    def test_another_file_takes_the_place_of_a_failed_one(self, app, client, alice, send, worker, read):
        wrong = send(0, said={"view": "MLO", "laterality": "L", "study_date": "2025-02-03"}).json()
        claim = worker.claim(wrong["job"]["id"])
        failure = {"code": "not_mammogram", "detail": "no film"}
        worker.say(wrong["job"]["id"], "inference", "fail", attempt=claim["attempt"], **failure)
        right = send(1, said={"replaces": wrong["image"]["id"], "laterality": "R"})
        assert right.status_code == 202, right.text
        images = read()["images"]
        assert [image["id"] for image in images] == [right.json()["image"]["id"]]
        assert (images[0]["view"], images[0]["laterality"], images[0]["study_date"]) == ("MLO", "R", "2025-02-03")
        assert audit(app, "image.upload")[-1]["replaces"] == wrong["image"]["id"]
        assert not [entry for entry in app.state.store.entries("images") if wrong["image"]["id"] in entry.key]

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
