"""Of which examination a film is, and what the user says about it."""

import json
from datetime import date

import pytest
from signed_apart import APART
from sqlalchemy import text

from gateway.cases.examinations import examinations
from gateway.images.models import FileIdentity, Image
from gateway.reports.content import fingerprint


class TestExaminations:
    @pytest.fixture
    def analysed(self, worker, read):
        """Sends a film and assesses it."""

        def do(answer, probability: float):
            worker.infer(answer.json()["job"]["id"], probability)

        return do

    def test_the_newest_examination_is_judged_and_earlier_ones_are_priors(
        self, send, analysed, read, worker, client, alice
    ):
        cc = {"view": "CC", "laterality": "R"}
        analysed(send(0, said=cc, StudyDate="20230501"), 0.95)
        assert read()["conclusion"]["assessment"] == "malignancy_suspected"
        analysed(send(1, said=cc, StudyDate="20260301"), 0.05)
        analysed(send(2, said={"view": "MLO", "laterality": "R"}, StudyDate="20260301"), 0.05)
        assert read()["conclusion"]["assessment"] is None, "the films are not compared with the earlier one yet"
        worker.compare()
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

    def test_a_film_without_a_date_is_current_until_the_user_says_its_day(
        self, send, analysed, read, worker, client, alice
    ):
        analysed(send(0, StudyDate="20260301"), 0.05)
        undated = send(1)
        analysed(undated, 0.95)
        assert [image["examination"] for image in read()["images"]] == ["2026-03-01"] * 2
        assert read()["conclusion"]["assessment"] == "malignancy_suspected"
        before = read()["revision"]
        image = undated.json()["image"]["id"]
        said = client.patch(f"/api/v1/images/{image}", json={"study_date": "2020-01-31"}, headers=alice)
        assert said.json()["study_date"] == "2020-01-31"
        worker.compare()
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
        analysed(send(0, StudyDate="20260301"), 0.93)
        signed = client.post(f"/api/v1/cases/{case}/reports", json=APART, headers=alice)
        assert signed.status_code == 201, signed.text
        now = client.get(f"/api/v1/cases/{case}/reports/1/content", headers=alice).json()
        assert now["images"][0]["study_date"] == "2026-03-01"
        for image in now["images"]:  # as a version before this one wrote it
            del image["study_date"], image["is_prior"]
        with app.state.sessions.begin() as session:
            old = "UPDATE case_reports SET content = :content, sha256 = :sha256, signature = NULL, signing_key = NULL"
            session.execute(text(old), {"content": json.dumps(now), "sha256": fingerprint(now)})
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
