"""Whose a file is, by fingerprints that name nobody."""

from datetime import date
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from gateway.cases import service
from gateway.images import identity
from gateway.images.identity import Fingerprints, differences
from gateway.images.models import FileIdentity
from lobule.imaging.header import DicomIdentity

ANNA = {"PatientID": "P-4711", "PatientName": "Lee^Anna", "PatientBirthDate": "19610203"}


class TestPatient:
    def test_another_patient_is_refused_unless_accepted_and_that_is_audited(self, app, send, read, audit):
        assert send(0, **ANNA).status_code == 202
        refused = send(1, **(ANNA | {"PatientID": "4712", "PatientBirthDate": "19610204"}))
        problem = refused.json()
        assert (refused.status_code, problem["code"]) == (409, "other_patient")
        assert problem["differs"] == ["patient_id", "birth_date"]
        assert len(read()["images"]) == 1
        assert not [key for key in app.state.store.entries("images") if read()["images"][0]["id"] not in key.key]
        accepted = send(1, said={"accept_other_patient": "true"}, **(ANNA | {"PatientID": "4712"}))
        assert accepted.status_code == 202, accepted.text
        assert audit("image.upload")[-1]["other_patient_accepted"] == ["patient_id"]
        assert send(2, **(ANNA | {"PatientID": "4712"})).status_code == 202, "what was accepted is not asked again"

    def test_an_earlier_film_of_another_patient_is_named_and_not_compared(self, send, read, worker, client):
        """That the user accepted it does not make its masses this patient's."""

        def film(number: int, day: str, **of) -> str:
            said = {"view": "CC", "laterality": "L", "accept_other_patient": "true"}
            added = send(number, said=said, StudyDate=day, **(ANNA | of))
            assert added.status_code == 202, added.text
            worker.infer(added.json()["job"]["id"], 0.05)
            return added.json()["job"]["id"]

        film(0, "20260301")
        own = film(1, "20240301")
        film(2, "20230301", PatientName="Lee^Hanna", PatientID="4712")
        [reason, *_] = read()["conclusion"]["reasons"]
        assert reason["code"] == "other_patient"
        assert "LCC 2023-03-01" in reason["text"]
        images = worker.claim_next("mammo")["examination"]["images"]
        assert [image["job_id"] for image in images if image["role"] == "prior"] == [own]

    def test_the_same_patient_written_otherwise_and_what_is_missing_agree(self, send):
        assert send(0, **ANNA).status_code == 202
        assert send(1, PatientID=" P-4711 ", PatientName="LEE^ANNA^^").status_code == 202
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
        for value in ("p-4711", "anna", "lee^", "19610203", "1961-02-03"):
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
        assert "P-4711" not in str(one)

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

    def test_one_file_of_another_person_does_not_open_a_case_to_the_others(self):
        anna, hanna = (self.of(patient_id=i, patient_name=name) for i, name in (("1", "Lee^Anna"), ("2", "Lee^Hanna")))
        assert differences(hanna, [anna, anna, hanna]) == ["patient_id", "patient_name"]
        assert differences(anna, [anna, hanna]) == []
        renumbered = self.of(patient_id="3", patient_name="Lee^Anna")
        assert differences(renumbered, [anna, renumbered, hanna]) == [], "her new identifier was accepted"
        other_key = self.of("x" * 32, patient_name="Lee^Hanna")
        assert differences(other_key, [anna, anna, self.of("x" * 32, patient_name="Lee^Anna")]) == ["patient_name"]

    def test_the_identifier_tells_whose_a_file_without_name_and_birth_date_is(self):
        one, other = self.of(patient_id="1"), self.of(patient_id="2")
        assert differences(other, [one, one, other]) == ["patient_id"]
        assert differences(one, [one, one, other]) == []

    def test_a_case_whose_files_agree_in_nothing_is_not_open_to_everybody(self):
        days = (date(1960, 1, 2), date(1970, 1, 2), date(1980, 1, 2))
        one, other, third, fourth = (
            self.of(patient_name=f"Lee^{name}", patient_birth_date=day)
            for name, day in (("Anna", days[0]), ("Anna", days[1]), ("Hanna", days[2]), ("Joanna", days[2]))
        )
        others = [one, other, third, fourth]
        stranger = self.of(patient_name="Kim^Eva", patient_birth_date=date(1990, 1, 2))
        assert differences(stranger, others) == ["patient_name", "birth_date"]
        assert differences(one, others) == []

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


def test_a_case_of_many_films_takes_work_in_proportion(monkeypatch):
    compared = []
    monkeypatch.setattr(identity, "_is_of_usual_person", lambda file, _: compared.append(file) or True)
    mark, session = FileIdentity(patient_id_mark="key:1"), SimpleNamespace(scalars=lambda _: SimpleNamespace(all=list))
    films = [SimpleNamespace(id=str(n), owner_id="o", identity=mark) for n in range(200)]
    assert service._strangers(session, films, {}) == []
    assert len(compared) == len(films)
