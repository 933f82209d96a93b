"""The films of a case are read together: when that is asked for, what is refused, what the API says."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count, takewhile
from time import monotonic

import pytest

from gateway.reports.models import CaseReport
from lobule.contracts.examination import (
    BreastReading,
    BreastReason,
    ExaminationReading,
    Lesion,
    LesionMark,
    LesionPlace,
)
from lobule.contracts.examination_request import ExaminationRequest

pytestmark = pytest.mark.usefixtures("store_read_without_connection")

PATIENCE_S = 60


@pytest.fixture
def film(uploaded):
    """Adds a film to the case; gives its upload."""
    return uploaded


@pytest.fixture
def state(client, alice, case):
    """What the API says of the reading."""
    return lambda **params: client.get(f"/api/v1/cases/{case}/examination", headers=alice, params=params).json()


def reading(job: str) -> ExaminationReading:
    """A breast with one lesion, on one film."""
    lesion = Lesion(
        marks=[LesionMark(job_id=job, finding_id="f1", view="CC")],
        probability_malignant=0.8,
        same_lesion=None,
        place=LesionPlace(across="outer", along=None, clock=None, depth="middle", retroareolar=False),
    )
    breast = BreastReading(
        laterality="L",
        views=["CC"],
        assessment="malignancy_suspected",
        probability_malignant=0.8,
        bi_rads=0,
        lesions=[lesion],
        reasons=[BreastReason(code="lesion_on_one_view", lesion=0, view="CC")],
    )
    return ExaminationReading(
        method="rule", breasts=[breast], assessment="malignancy_suspected", probability_malignant=0.8
    )


def finish(worker, claim: dict):
    """End an attempt at an examination, its reading left behind; gives the answer."""
    request = ExaminationRequest.model_validate(claim["examination"])
    left = reading(request.images[0].job_id).model_dump_json().encode()
    worker.store.put(f"{claim['output_prefix']}/examination.json", left)
    return worker.post(claim["job_id"], "examination", "complete", attempt=claim["attempt"])


def jobs_of(claim: dict, role: str = "current") -> set[str]:
    return {image["job_id"] for image in claim["examination"]["images"] if image["role"] == role}


def test_films_are_read_once_each_is_analysed(worker, film, state):
    first, second = (film(n, view=view, laterality="L")["job"]["id"] for n, view in ((1, "CC"), (2, "MLO")))
    assert state() == {"state": "none", "error": None, "reading": None}
    worker.infer(first)
    assert state()["state"] == "none"
    worker.infer(second)
    assert state()["state"] == "queued"
    claim = worker.claim_next("mammo")
    assert (claim["step"], jobs_of(claim)) == ("examination", {first, second})
    assert claim["examination"]["failed"] == []
    assert state()["state"] == "running"
    assert finish(worker, claim).status_code == 204
    said = state(lang="en")
    assert said["state"] == "done"
    [breast] = said["reading"]["breasts"]
    assert breast["lesions"][0]["place"]["across"] == "outer"
    assert breast["text"] == [
        "Suggested: BI-RADS 0, incomplete. Further imaging or earlier films are needed. The reader decides.",
        "Finding 1 is marked on CC only (outer and middle third), suspicion 80%.",
    ]
    assert worker.claim_next("mammo") is None


def test_another_film_fences_the_attempt_under_way(worker, film, state):
    first = film(1, view="CC", laterality="L")["job"]["id"]
    worker.infer(first)
    old = worker.claim_next("mammo")
    second = film(2, view="MLO", laterality="L")["job"]["id"]
    worker.infer(second)
    assert finish(worker, old).status_code == 409
    assert state()["reading"] is None
    new = worker.claim_next("mammo")
    assert jobs_of(new) == {first, second}
    assert finish(worker, new).status_code == 204
    assert state()["state"] == "done"


def test_no_reading_is_told_while_another_film_is_analysed(worker, film, state):
    worker.infer(film(1, view="CC", laterality="L")["job"]["id"])
    finish(worker, worker.claim_next("mammo"))
    assert state()["state"] == "done"
    film(2, view="MLO", laterality="L")
    assert state() == {"state": "none", "error": None, "reading": None}


def compared(worker) -> list[str]:
    """The films of the reading that is asked for, in its order."""
    return [image["image"]["file_name"] for image in worker.claim_next("mammo")["examination"]["images"]]


def test_earlier_films_of_the_same_views_are_compared_with_the_latest_first(worker, film):
    films = ((1, "2018-03-01", "CC"), (2, "2026-03-01", "CC"), (3, "2022-03-01", "CC"), (4, "2025-03-01", "ML"))
    for colour, day, view in films:
        worker.infer(film(colour, view=view, laterality="L", study_date=day)["job"]["id"])
    assert compared(worker) == ["2.png", "3.png", "1.png"]


def test_films_repeated_after_a_week_are_not_compared_with_those_they_replace(worker, film):
    films = ((1, "2024-11-01", "CC"), (2, "2026-11-02", "CC"), (3, "2026-11-02", "MLO"), (4, "2026-11-10", "CC"))
    for colour, day, view in (*films, (5, "2026-11-10", "MLO")):
        worker.infer(film(colour, view=view, laterality="R", study_date=day)["job"]["id"])
    assert compared(worker) == ["4.png", "5.png", "3.png", "1.png"], "no older film shows the MLO view"


def test_a_corrected_view_and_a_removed_film_ask_again(client, worker, film, state, alice):
    first, second = film(1, view="CC", laterality="L"), film(2, view="MLO", laterality="L")
    for each in (first, second):
        worker.infer(each["job"]["id"])
    finish(worker, worker.claim_next("mammo"))
    corrected = client.patch(f"/api/v1/images/{second['image']['id']}", json={"laterality": "R"}, headers=alice)
    assert corrected.status_code == 200, corrected.text
    claim = worker.claim_next("mammo")
    assert {image["image"]["laterality"] for image in claim["examination"]["images"]} == {"L", "R"}
    finish(worker, claim)
    assert client.delete(f"/api/v1/images/{second['image']['id']}", headers=alice).status_code == 204
    claim = worker.claim_next("mammo")
    assert jobs_of(claim) == {first["job"]["id"]}
    finish(worker, claim)
    assert client.delete(f"/api/v1/images/{first['image']['id']}", headers=alice).status_code == 204
    assert state() == {"state": "none", "error": None, "reading": None}
    assert worker.claim_next("mammo") is None


def test_a_film_that_failed_is_told_and_a_prior_is_compared(worker, film):
    new = film(1, view="CC", laterality="L", study_date="2026-03-01")["job"]["id"]
    failed = film(2, view="CC", laterality="R", study_date="2026-03-01")["job"]["id"]
    earlier = film(3, view="CC", laterality="L", study_date="2024-03-01")["job"]["id"]
    worker.infer(earlier)
    worker.infer(new)
    claim = worker.claim_next("mammo")
    assert claim["job_id"] == failed  # not every film is analysed
    worker.post(failed, "inference", "fail", attempt=claim["attempt"], code="not_mammogram", detail="no")
    claim = worker.claim_next("mammo")
    assert jobs_of(claim) == {new}
    assert jobs_of(claim, "prior") == {earlier}
    assert claim["examination"]["failed"] == ["R"]


def test_what_is_in_doubt_beside_the_films_goes_with_them(worker, film, upload, picture, case):
    worker.infer(film(1, view="MLO", laterality="R", study_date="2026-11-02")["job"]["id"], 0.9)
    worker.infer(film(2, view="MLO", laterality="L", study_date="2026-11-02")["job"]["id"], 0.05)
    worker.infer(film(3, view="MLO", laterality="R", study_date="2026-11-10")["job"]["id"], 0.05)
    claim = worker.claim_next("mammo")
    assert claim["examination"]["in_doubt"] == ["R"], "the earlier film of the right breast is unread"
    finish(worker, claim)
    field = upload(picture(5), case_id=case).json()["job"]["id"]
    assert worker.claim_next("mammo") is None, "the field is still analysed"
    worker.infer(field, 0.9)
    assert worker.claim_next("mammo")["examination"]["in_doubt"] == ["R", None], "nobody says of which breast it is"


def test_a_failed_field_is_in_doubt_and_a_clear_one_is_not(client, worker, film, upload, picture, case, alice):
    fields = [upload(picture(n), case_id=case, name=f"{n}.png").json()["job"]["id"] for n in (5, 6)]
    worker.infer(fields[0], 0.05)
    client.post(f"/api/v1/jobs/{fields[1]}/cancel", headers=alice)
    worker.infer(film(1, view="MLO", laterality="R")["job"]["id"], 0.05)
    assert worker.claim_next("mammo")["examination"]["in_doubt"] == [None]


def test_workers_of_before_are_not_given_an_examination(worker, film, upload, picture):
    worker.infer(film(1, view="CC", laterality="L")["job"]["id"])
    assert worker.claim_next("mammo", "2") is None
    assert worker.claim_next("mammo", None) is None
    later = upload(picture(9), modality="mammography").json()["job"]["id"]
    assert worker.claim_next("mammo", "2")["job_id"] == later
    assert worker.claim_next("mammo")["step"] == "examination"


def test_a_failed_examination_is_told_and_tells_nothing_of_the_films(client, worker, film, state, case, alice):
    worker.infer(film(1, view="CC", laterality="L")["job"]["id"])
    claim = worker.claim_next("mammo")
    worker.post(
        claim["job_id"], "examination", "fail", attempt=claim["attempt"], code="image_unreadable", detail="Damaged."
    )
    assert state()["error"] == {"code": "image_unreadable", "reason": None, "values": {}, "detail": "Damaged."}
    assert client.get(f"/api/v1/cases/{case}", headers=alice).json()["state"] == "ready"


def test_a_failed_examination_is_asked_for_again_with_the_next_change(worker, film, state):
    worker.infer(film(1, view="CC", laterality="L", study_date="2026-03-01")["job"]["id"])
    claim = worker.claim_next("mammo")
    worker.post(claim["job_id"], "examination", "fail", attempt=claim["attempt"], code="image_unreadable", detail="-")
    assert state()["state"] == "failed"
    film(2, view="CC", laterality="L", study_date="2024-03-01")
    assert state()["state"] == "queued", "although it is of the same films while the prior is not analysed"


def test_a_field_is_not_read_together(worker, upload, picture, case, state):
    job = upload(picture(5), case_id=case).json()["job"]["id"]
    worker.infer(job)
    assert state()["state"] == "none"


def test_nothing_is_signed_with_other_numbers_than_were_seen(client, worker, film, case, alice):
    """Neither without the joint reading, unless the reader accepts that, nor with one that came meanwhile."""

    def sign(*accepted: str) -> tuple[int, str | None]:
        answer = client.post(f"/api/v1/cases/{case}/reports", headers=alice, json={"acknowledged": accepted})
        return answer.status_code, answer.json().get("reason")

    worker.infer(film(1, view="CC", laterality="L")["job"]["id"])
    assert sign() == (409, "awaited")
    claim = worker.claim_next("mammo")
    assert sign() == (409, "awaited")
    assert sign("not_read_together") == (201, None)
    worker.infer(film(2, view="MLO", laterality="L")["job"]["id"])
    assert finish(worker, claim).status_code == 409, "it is of one film"
    assert finish(worker, worker.claim_next("mammo")).status_code == 204
    assert sign("not_read_together") == (409, "finished")
    assert sign() == (201, None)


def test_a_report_that_was_signed_without_the_reading_is_superseded_by_it(client, worker, film, case, alice):
    """From then on the portal and the objects for the archive number findings by lesion, not film by film."""

    def state() -> str:
        return client.get(f"/api/v1/cases/{case}", headers=alice).json()["state"]

    worker.infer(film(1, view="CC", laterality="L")["job"]["id"])
    claim = worker.claim_next("mammo")
    signed = client.post(f"/api/v1/cases/{case}/reports", headers=alice, json={"acknowledged": ["not_read_together"]})
    assert signed.status_code == 201
    assert state() == "signed"
    assert finish(worker, claim).status_code == 204
    assert state() == "ready"
    assert client.post(f"/api/v1/cases/{case}/reports", headers=alice, json={}).status_code == 201
    assert state() == "signed"


def test_a_reading_that_failed_holds_up_no_signature(client, worker, film, case, alice):
    worker.infer(film(1, view="CC", laterality="L")["job"]["id"])
    claim = worker.claim_next("mammo")
    worker.post(claim["job_id"], "examination", "fail", attempt=claim["attempt"], code="image_unreadable", detail="-")
    assert client.post(f"/api/v1/cases/{case}/reports", headers=alice, json={}).status_code == 201


def test_a_draft_is_rendered_anew_once_the_films_are_read_together(client, worker, film, case, alice):
    """With the reading, its findings have other numbers, pairs and places."""
    path = f"/api/v1/cases/{case}/reports/draft"
    worker.infer(film(1, view="CC", laterality="L")["job"]["id"])
    for readings in (1, 2):
        claim = worker.claim_next("mammo")
        for content, known in ((f"apart {readings}", False), (f"together {readings}", True)):
            if known:
                finish(worker, claim)
            with ThreadPoolExecutor(1) as pool:
                shown = pool.submit(client.get, path, headers=alice)
                until = monotonic() + PATIENCE_S
                polls = takewhile(lambda _, until=until: monotonic() < until, count())
                claims = filter(None, (worker.claim_next("report") for _ in polls))
                rendering = next(claimed for claimed in claims if claimed["step"] == "render")
                assert (rendering["render"]["case"]["examination"] is not None) == known
                worker.leave_rendering(rendering["job_id"], rendering, {"report.en.html": content.encode()})
                assert shown.result(30).text == content
            assert client.get(path, headers=alice).text == content, "it is not rendered twice"
        worker.infer(film(1 + readings, view="MLO", laterality="L")["job"]["id"])


def test_a_signature_keeps_what_the_films_said(worker, film, client, alice, case, app):
    worker.infer(film(1, view="CC", laterality="L")["job"]["id"])
    assert finish(worker, worker.claim_next("mammo")).status_code == 204
    assert client.post(f"/api/v1/cases/{case}/reports", headers=alice, json={}).status_code == 201
    with app.state.sessions() as session:
        [report] = session.query(CaseReport)
        [breast] = report.content["examination"]["breasts"]
    assert breast["lesions"][0]["place"]["depth"] == "middle"
