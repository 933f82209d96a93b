"""Signed versions, drafts, and reports in other forms and languages."""

import hashlib
import itertools
import threading

import pytest
from signed_apart import APART

from gateway.jobs.models import Rendering
from gateway.reports.models import CaseReport


class TestSign:
    def test_makes_a_numbered_version(self, sign, read, worker, job):
        worker.infer(job)
        answer = sign(conclusion="not_sure", comment="  see ultrasound ")
        assert answer.status_code == 201
        assert answer.headers["location"].endswith("/reports/1")
        signed = answer.json()
        assert (signed["version"], signed["signed_by"], signed["comment"]) == (1, "alice", "see ultrasound")
        assert not signed["superseded"]
        states = {(r["language"], r["form"]): r["state"] for r in signed["renderings"]}
        assert states == dict.fromkeys(itertools.product(("en", "zh"), ("html", "pdf", "png", "json")), "queued")
        assert (read()["state"], read()["signed_version"]) == ("signed", 1)

    def test_content_is_frozen_and_has_the_fingerprint(self, client, alice, case, sign, worker, job):
        worker.infer(job)
        signed = sign().json()
        content = client.get(f"/api/v1/cases/{case}/reports/1/content", headers=alice)
        assert hashlib.sha256(content.content).hexdigest() == signed["sha256"]
        image = client.get(f"/api/v1/cases/{case}", headers=alice).json()["images"][0]["id"]
        client.patch(f"/api/v1/images/{image}", json={"laterality": "R"}, headers=alice)
        assert client.get(f"/api/v1/cases/{case}/reports/1/content", headers=alice).content == content.content
        assert content.json()["images"][0]["image"]["laterality"] == "L"

    def test_a_signed_report_cannot_be_changed_in_the_database_layer(self, client, sign, worker, job):
        worker.infer(job)
        sign()
        with pytest.raises(AssertionError, match="never changes"), client.app.state.sessions.begin() as session:
            session.query(CaseReport).one().comment = "other"

    @pytest.mark.parametrize("change", ["review", "image", "correction", "again"])
    def test_every_later_change_supersedes_it(
        self, client, alice, case, sign, read, worker, job, upload, picture, change
    ):
        worker.infer(job)
        sign()
        if change == "review":
            path = f"/api/v1/cases/{case}/reviews/{job}/image"
            client.put(path, json={"verdict": "confirmed"}, headers=alice)
        elif change == "image":
            upload(case_id=case)
        elif change == "correction":
            client.patch(f"/api/v1/images/{read()['images'][0]['id']}", json={"view": "MLO"}, headers=alice)
        else:
            again = client.post(f"/api/v1/images/{read()['images'][0]['id']}/jobs", headers=alice).json()["id"]
            worker.infer(again)
        assert read()["state"] in ("ready", "analysing")
        assert read()["signed_version"] == 1
        assert read()["reports"][0]["superseded"]

    def test_the_next_version(self, client, alice, case, sign, read, worker, job):
        worker.infer(job)
        sign()
        assert sign().json()["code"] == "case_not_signable", "nothing has changed"
        client.put(f"/api/v1/cases/{case}/reviews/{job}/image", json={"verdict": "dismissed"}, headers=alice)
        reviews = client.get(f"/api/v1/cases/{case}/reviews", headers=alice).json()
        assert [(r["job_id"], r["finding_id"], r["verdict"]) for r in reviews] == [(job, "image", "dismissed")]
        assert sign(conclusion="no_sign_of_malignancy").json()["version"] == 2
        assert [(r["version"], r["superseded"]) for r in read()["reports"]] == [(2, False), (1, True)]
        assert read()["state"] == "signed"

    def test_an_addendum_needs_no_other_change(self, sign, read, worker, job):
        worker.infer(job)
        sign(comment="Spiculated.")
        assert sign(comment="Spiculated.").json()["code"] == "case_not_signable"
        assert sign(comment="Spiculated. Addendum: seen in 2024, too.").json()["version"] == 2
        assert sign(comment="Spiculated. Addendum: seen in 2024, too.").json()["code"] == "case_not_signable"
        found = read()
        assert (found["state"], found["signed_version"]) == ("signed", 2)
        assert [(r["comment"][-4:], r["superseded"]) for r in found["reports"]] == [("too.", False), ("ted.", True)]

    def test_the_system_concludes_the_same_after_it(
        self, sign, read, worker, job, upload, picture, client, alice, case
    ):
        """A suspicion of shortly before that nobody has read is not dropped because a report shows it as a prior."""
        client.patch(f"/api/v1/images/{read()['images'][0]['id']}", json={"study_date": "2026-01-10"}, headers=alice)
        worker.infer(job)
        later = {
            "modality": "mammography",
            "case_id": case,
            "view": "CC",
            "laterality": "L",
            "study_date": "2026-02-10",
        }
        worker.infer(upload(picture(4), **later).json()["job"]["id"], 0.1)
        before = read()["conclusion"]
        assert (before["assessment"], before["reasons"][0]["code"]) == ("not_sure", "earlier_suspected")
        sign()
        assert (read()["conclusion"], read()["state"]) == (before, "signed")

    def test_a_report_that_renders_late_changes_nothing(self, sign, read, worker, job):
        worker.infer(job)
        sign()
        worker.render(job)
        assert read()["state"] == "signed"

    def test_not_before_the_time(self, client, alice, sign, job):
        assert sign().json()["code"] == "case_not_signable"
        client.post(f"/api/v1/jobs/{job}/cancel", headers=alice)
        assert sign().json()["code"] == "conclusion_needed"
        assert sign(conclusion="not_sure").status_code == 201

    def test_not_unseen(self, client, alice, case, sign, worker, job):
        worker.infer(job)
        seen = client.get(f"/api/v1/cases/{case}", headers=alice).headers["etag"]
        client.put(f"/api/v1/cases/{case}/reviews/{job}/image", json={"verdict": "confirmed"}, headers=alice)
        assert sign({"If-Match": seen}).json()["code"] == "case_changed"

    def test_not_by_others(self, client, case, headers_of):
        bob = headers_of("bob")
        assert client.post(f"/api/v1/cases/{case}/reports", json=APART, headers=bob).status_code == 404
        for path in ("", "/draft", "/1", "/1/content"):
            assert client.get(f"/api/v1/cases/{case}/reports{path}", headers=bob).status_code == 404


@pytest.mark.usefixtures("serve")
class TestRead:
    def get(self, client, headers, path, **params):
        return client.get(path, headers=headers, params=params)

    def test_a_version_in_every_form_and_language(self, client, alice, case, sign, worker, job):
        worker.infer(job)
        sign()
        path = f"/api/v1/cases/{case}/reports/1"
        for lang in ("en", "zh"):
            for form, media_type in (("pdf", "application/pdf"), ("html", "text/html; charset=utf-8")):
                answer = self.get(client, alice, path, format=form, lang=lang)
                assert answer.content == f"P-1 {lang} {form}".encode()
                assert answer.headers["content-type"] == media_type
                assert answer.headers["content-language"] == lang
        chinese = {"Accept": "application/pdf", "Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}
        assert client.get(path, headers=alice | chinese).content == b"P-1 zh pdf"
        saved = self.get(client, alice, path, format="pdf", download=True)
        assert saved.headers["content-disposition"].endswith('-1.pdf"')
        assert self.get(client, alice, f"/api/v1/cases/{case}/reports/2").status_code == 404
        assert self.get(client, alice, path, format="docx").status_code == 422

    def test_a_draft_is_made_anew_only_where_something_changed(self, client, alice, case, worker, job):
        path = f"/api/v1/cases/{case}/reports/draft"
        assert self.get(client, alice, path).json()["code"] == "report_not_ready"
        worker.infer(job)
        for _ in range(2):
            assert self.get(client, alice, path, lang="zh").content == b"P-1 zh html"
        assert self.renderings(client) == 1
        client.put(f"/api/v1/cases/{case}/reviews/{job}/image", json={"comment": "hm"}, headers=alice)
        assert self.get(client, alice, path, lang="zh").status_code == 200
        assert self.renderings(client) == 2

    def test_a_jobs_report_in_other_forms(self, client, alice, worker, job):
        path = f"/api/v1/jobs/{job}/report"
        assert self.get(client, alice, path, format="pdf").json()["code"] == "report_not_ready"
        worker.infer(job)
        worker.render(job)
        assert self.get(client, alice, path, format="html").content == b"<html>"
        assert self.renderings(client) == 0
        pdf = self.get(client, alice, path, format="pdf")
        assert pdf.content.endswith(b"en pdf")
        assert self.get(client, alice, path, format="html", lang="zh").content.endswith(b"zh html")
        assert self.get(client, alice, path, format="pdf").content == pdf.content
        assert self.renderings(client) == 2
        assert len(client.get("/api/v1/jobs", headers=alice).json()["items"]) == 1, "renderings are no analyses"

    def test_two_who_ask_at_once_share_one_rendering(self, client, alice, case, worker, job):
        worker.infer(job)
        path = f"/api/v1/cases/{case}/reports/draft"
        answers: list = []
        askers = [threading.Thread(target=lambda: answers.append(self.get(client, alice, path))) for _ in range(4)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join(20)
        assert [answer.status_code for answer in answers] == [200] * 4
        assert self.renderings(client) == 1

    def renderings(self, client) -> int:
        with client.app.state.sessions() as session:
            return session.query(Rendering).count()
