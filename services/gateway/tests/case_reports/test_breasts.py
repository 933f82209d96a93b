"""The structured conclusion of each breast."""

import pytest
from sqlalchemy import update

from gateway.reports.models import CaseReport
from lobule.contracts.examination import BreastReading, ExaminationReading, Lesion, LesionMark

pytestmark = pytest.mark.usefixtures("store_read_without_connection")

LEFT = {"bi_rads": 4, "density": "c", "recommendation": "biopsy"}


def paired(jobs: list[str]) -> ExaminationReading:
    """A left breast with one lesion, which both films show."""
    marks = [LesionMark(job_id=job, finding_id="f1", view=view) for job, view in zip(jobs, ("CC", "MLO"), strict=True)]
    said = {"assessment": "not_sure", "probability_malignant": 0.4}
    lesion = Lesion(marks=marks, probability_malignant=0.4, same_lesion=0.9, place=None)
    breast = BreastReading(laterality="L", views=["CC", "MLO"], bi_rads=0, lesions=[lesion], **said)
    return ExaminationReading(method="rule", breasts=[breast], **said)


class TestBreasts:
    @pytest.mark.parametrize(
        ("breasts", "conclusion"),
        [
            ({"left": {"bi_rads": 4}}, "malignancy_suspected"),
            ({"left": {"bi_rads": 1}, "right": {"bi_rads": 6}}, "malignancy_suspected"),
            ({"left": {"bi_rads": 2}, "right": {"bi_rads": 0}}, "not_sure"),
            ({"right": {"bi_rads": 3}}, "not_sure"),
            ({"left": {"bi_rads": 2}, "right": {"bi_rads": 1}}, "no_sign_of_malignancy"),
        ],
    )
    def test_the_most_suspicious_breast_makes_the_conclusion(self, sign, worker, job, breasts, conclusion):
        worker.infer(job, findings=1)
        signed = sign(breasts=breasts)
        assert (signed.status_code, signed.json()["conclusion"]) == (201, conclusion)

    def test_are_in_the_signed_content_and_in_the_list(self, client, alice, case, sign, read, worker, job):
        worker.infer(job)
        assert sign(breasts={"left": LEFT}, conclusion="malignancy_suspected").status_code == 201
        [report] = read()["reports"]
        assert (report["breasts"], report["conclusion"]) == ({"right": None, "left": LEFT}, "malignancy_suspected")
        content = client.get(f"/api/v1/cases/{case}/reports/1/content", headers=alice).json()
        assert content["signature"]["breasts"]["left"] == LEFT

    @pytest.mark.parametrize("breasts", [{}, {"left": {"bi_rads": 7}}, {"left": {"density": "a"}}, {"left": None}])
    def test_are_checked(self, sign, worker, job, breasts):
        worker.infer(job)
        assert sign(breasts=breasts).status_code == 422

    @pytest.mark.parametrize(
        ("breasts", "conclusion"),
        [
            ({"left": LEFT}, "not_sure"),
            ({"left": {"bi_rads": 1}, "right": {"bi_rads": 0}}, "no_sign_of_malignancy"),
            ({"left": {"bi_rads": 1}}, "malignancy_suspected"),
            ({"left": {"bi_rads": 2, "recommendation": "biopsy"}}, None),
            ({"right": {"bi_rads": 0, "recommendation": "routine_screening"}}, None),
        ],
    )
    def test_a_contradiction_is_signed_with_a_reason_alone(self, sign, worker, job, breasts, conclusion):
        worker.infer(job)
        refused = sign(breasts=breasts, conclusion=conclusion)
        assert (refused.status_code, refused.json()["code"]) == (422, "conclusion_contradicts")
        assert sign(breasts=breasts, conclusion=conclusion, acknowledged=["contradiction"]).status_code == 422
        explained = {"acknowledged": ["contradiction"], "comment": "The mass was removed."}
        assert sign(breasts=breasts, conclusion=conclusion, **explained).status_code == 201

    def test_the_whole_case_may_be_more_suspicious_than_its_breasts(self, upload, case, sign, worker, job):
        worker.infer(job)
        worker.infer(upload(case_id=case).json()["job"]["id"])
        assert sign(breasts={"left": {"bi_rads": 1}}, conclusion="malignancy_suspected").status_code == 201

    def test_a_version_that_was_signed_without_them_says_so(self, app, sign, read, worker, job):
        worker.infer(job)
        sign()
        with app.state.sessions.begin() as session:
            content = session.query(CaseReport).one().content
            before = {key: value for key, value in content["signature"].items() if key != "breasts"}
            session.execute(update(CaseReport).values(content=content | {"signature": before}))
        assert read()["reports"][0]["breasts"] is None

    def test_a_draft_in_words_names_what_was_confirmed(self, client, alice, case, worker, job):
        worker.infer(job, findings=2)
        client.put(f"/api/v1/cases/{case}/reviews/{job}/0", headers=alice, json={"verdict": "confirmed"})
        client.put(f"/api/v1/cases/{case}/reviews/{job}/1", headers=alice, json={"verdict": "dismissed"})
        [image] = client.get(f"/api/v1/cases/{case}", headers=alice).json()["images"]
        drawn = {"image_id": image["id"], "kind": "asymmetry", "shape": "box"}
        drawn["box"] = {"x": 5, "y": 5, "width": 20, "height": 20}
        own = f"/api/v1/cases/{case}/reader-findings/11111111-1111-4111-8111-111111111111"
        assert client.put(own, headers=alice, json=drawn).status_code < 300
        said = {"breasts": {"left": LEFT, "right": {"bi_rads": 1}}}
        answer = client.post(f"/api/v1/cases/{case}/reports/text", headers=alice, json=said)
        assert answer.status_code == 200
        right, left = answer.json()["en"].split("\n")
        assert right == "Right breast: No marked finding was confirmed. BI-RADS 1: negative."
        assert left.startswith("Left breast: Confirmed: finding 1 (LCC")
        assert left.count("finding") == 1
        assert "Marked by the reader: Asymmetry (LCC)." in left
        assert left.endswith("Density c: heterogeneously dense. BI-RADS 4: suspicious. Recommended: biopsy.")
        assert answer.json()["zh"].startswith("右乳：未确认任何标记。BI-RADS 1 类：阴性。")

    def test_a_draft_in_words_names_a_lesion_once_with_both_marks(self, client, alice, case, worker, upload, picture):
        def drafted(language: str = "en") -> str:
            said = {"breasts": {"left": LEFT}}
            return client.post(f"/api/v1/cases/{case}/reports/text", headers=alice, json=said).json()[language]

        film = {"modality": "mammography", "case_id": case, "laterality": "L"}
        jobs = [upload(picture(n), view=view, **film).json()["job"]["id"] for n, view in enumerate(("CC", "MLO"))]
        for job in jobs:
            worker.infer(job, findings=1)
            client.put(f"/api/v1/cases/{case}/reviews/{job}/0", headers=alice, json={"verdict": "confirmed"})
        assert "Confirmed: finding 1 (LCC) and finding 1 (LMLO)." in drafted(), "not read together yet"
        worker.compare(paired(jobs))
        assert "Confirmed: finding 1 (LCC; LMLO)." in drafted()
        assert "所见 1（LCC；LMLO）" in drafted("zh")

    def test_a_draft_in_words_is_no_business_of_others(self, client, case, headers_of):
        answer = client.post(
            f"/api/v1/cases/{case}/reports/text", headers=headers_of("bob"), json={"breasts": {"left": LEFT}}
        )
        assert answer.status_code == 404
