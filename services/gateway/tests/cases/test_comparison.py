"""What the comparison with earlier films means for the conclusion of a case: by the rule, and as the API says it."""

import itertools
from typing import get_args

import pytest

from gateway.cases import joint_reading
from gateway.cases.assessment import conclude
from gateway.cases.comparison import NOT_COMPARED, Comparison
from lobule.contracts.case import ImageEvidence
from lobule.contracts.examination import (
    BreastReading,
    ExaminationReading,
    Lesion,
    LesionChange,
    LesionMark,
    SinceEarlier,
    WorseLesion,
)
from lobule.contracts.result import Assessment

pytestmark = pytest.mark.usefixtures("store_read_without_connection")

STATES = (*get_args(Assessment), "failed", "pending")
SUSPECTED, UNSURE, CLEAR = get_args(Assessment)


def evidence(said: str, number: int = 0) -> ImageEvidence:
    """A film that was assessed as said, or failed or is pending."""
    assessed = said not in ("failed", "pending")
    return ImageEvidence(
        job_id=f"job-{number}",
        file_name=f"{number}.png",
        modality="mammography",
        evidence="film",
        laterality="R",
        view="CC",
        state="assessed" if assessed else said,
        assessment=said if assessed else None,
        probability_malignant=0.5 if assessed else None,
    )


WORSE = SinceEarlier(worse=[WorseLesion(change="grown", marks=["job-0"], mm=4)])
COMPARISONS = (
    NOT_COMPARED,
    Comparison("awaited"),
    Comparison("failed"),
    Comparison("done"),
    Comparison("done", WORSE),
    Comparison("done", SinceEarlier(not_compared=["old"])),
)


@pytest.mark.parametrize("comparison", COMPARISONS)
def test_a_comparison_with_earlier_films_only_ever_raises_a_conclusion(comparison):
    """And with any comparison, an image that becomes more suspicious never lowers it."""
    order = {CLEAR: 0, UNSURE: 1, SUSPECTED: 2}
    for pair in itertools.product(STATES, repeat=2):
        images = [evidence(said, number) for number, said in enumerate(pair)]
        alone, compared = conclude(images), conclude(images, comparison=comparison)
        raised = compared.assessment
        if alone.assessment == CLEAR and comparison.state == "awaited":
            assert raised is None, "not negative before it is compared"
        elif alone.assessment is not None:
            assert order[raised] >= order[alone.assessment]
        for more in STATES:
            with_it = conclude([*images, evidence(more, 2)], comparison=comparison).assessment
            if None not in (raised, with_it):
                assert order[with_it] >= order[raised]
            assert with_it == SUSPECTED or more != SUSPECTED


def test_a_lesion_that_no_current_film_shows_decides_nothing():
    gone = Comparison("done", SinceEarlier(worse=[WorseLesion(change="new", marks=["removed"], mm=None)]))
    assert conclude([evidence(CLEAR)], comparison=gone).assessment == CLEAR


@pytest.fixture
def told(client, alice, case):
    """What the case concludes: its assessment and the codes of its reasons."""

    def read() -> tuple[str | None, list[str]]:
        conclusion = client.get(f"/api/v1/cases/{case}", headers=alice).json()["conclusion"]
        return conclusion["assessment"], [reason["code"] for reason in conclusion["reasons"]]

    return read


@pytest.fixture
def with_prior(worker, film):
    """A clear film of today and one of two years before, whose comparison waits; gives today's analysis."""
    today = film(1, view="CC", laterality="L", study_date="2026-03-01")
    worker.infer(film(2, view="CC", laterality="L", study_date="2024-03-01"), 0.05)
    worker.infer(today, 0.05)
    return today


def compare(worker, change: str | None, not_compared: tuple[str, ...] = ()) -> None:
    """Play the joint reading: its only lesion has changed like that."""
    claim = worker.claim_next("mammo")
    job = claim["examination"]["images"][0]["job_id"]
    since = LesionChange(change=change or "stable", growth=0.5, growth_mm=6.0, before_mm=12.0, now_mm=18.0, prior=None)
    lesion = Lesion(
        marks=[LesionMark(job_id=job, finding_id="f1", view="CC")],
        probability_malignant=0.1,
        same_lesion=None,
        place=None,
        change=since if change else None,
    )
    breast = BreastReading(
        laterality="L", views=["CC"], assessment="not_sure", probability_malignant=0.1, bi_rads=0, lesions=[lesion]
    )
    reading = ExaminationReading(
        method="rule",
        breasts=[breast],
        assessment="not_sure",
        probability_malignant=0.1,
        not_compared=list(not_compared),
    )
    worker.store.put(f"{claim['output_prefix']}/examination.json", reading.model_dump_json().encode())
    ended = worker.post(claim["job_id"], "examination", "complete", attempt=claim["attempt"])
    assert ended.status_code == 204, ended.text


def test_lesions_that_are_new_on_the_same_films_are_one_reason():
    films = [evidence(CLEAR), evidence(CLEAR, 1).model_copy(update={"view": "MLO"})]
    on = [(["job-0"], "new"), (["job-0"], "new"), (["job-1"], "new"), (["job-0"], "grown")]
    found = SinceEarlier(worse=[WorseLesion(change=change, marks=marks, mm=None) for marks, change in on])
    reasons = [(reason.code, reason.values["images"]) for reason in Comparison("done", found).reasons(films)]
    assert reasons == [("lesion_new", ["RCC"]), ("lesion_new", ["RMLO"]), ("lesion_grown", ["RCC"])]


@pytest.mark.parametrize(("change", "code"), [("new", "lesion_new"), ("grown", "lesion_grown")])
def test_a_case_with_a_lesion_that_is_new_or_has_grown_is_never_called_negative(
    client, alice, case, worker, with_prior, told, change, code
):
    assert told() == (None, ["still_compared", "films_no_sign"]), "it is not called negative before it is compared"
    compare(worker, change)
    assert told() == ("not_sure", [code, "films_no_sign", "not_called_negative"])
    [row] = client.get("/api/v1/cases", headers=alice).json()["items"]
    assert row["assessment"] == "not_sure", "nor in the list"
    suggested = {
        step["code"] for step in client.get(f"/api/v1/cases/{case}", headers=alice).json()["conclusion"]["suggestions"]
    }
    assert "further_imaging" in suggested
    assert "read_as_usual" not in suggested


@pytest.mark.parametrize("change", ["stable", "smaller", "not_comparable", None])
def test_an_unchanged_lesion_leaves_the_conclusion_of_the_films(worker, with_prior, told, change):
    compare(worker, change)
    assert told() == ("no_sign_of_malignancy", ["films_no_sign"])


def test_a_suspicious_film_beside_a_lesion_that_has_grown_makes_the_case_suspected(worker, film, with_prior, told):
    compare(worker, "grown")
    worker.infer(film(3, view="MLO", laterality="L", study_date="2026-03-01"), 0.9)
    assert told()[0] == "malignancy_suspected"


def test_an_earlier_film_that_could_not_be_read_is_named(worker, film, with_prior, told, client, alice, case):
    images = client.get(f"/api/v1/cases/{case}", headers=alice).json()["images"]
    [earlier] = [image["job"]["id"] for image in images if image["is_prior"]]
    compare(worker, None, (earlier,))
    assert told() == ("not_sure", ["not_compared", "films_no_sign", "not_called_negative"])
    [reason, *_] = client.get(f"/api/v1/cases/{case}", headers=alice).json()["conclusion"]["reasons"]
    assert "LCC 2024-03-01" in reason["text"]


def test_an_earlier_film_whose_analysis_failed_is_named_in_the_request(client, alice, worker, film):
    failed = film(2, view="CC", laterality="L", study_date="2024-03-01")
    client.post(f"/api/v1/jobs/{failed}/cancel", headers=alice)
    worker.infer(film(1, view="CC", laterality="L", study_date="2026-03-01"), 0.05)
    expected = [{"job_id": failed, "laterality": "L", "view": "CC"}]
    assert worker.claim_next("mammo")["examination"]["failed_priors"] == expected


def test_a_comparison_that_failed_keeps_the_case_from_being_called_negative(
    worker, with_prior, told, client, alice, case, app
):
    """It is a change of the case: a draft of before says that nothing is concluded yet."""

    def drafted() -> tuple[str, str]:
        with app.state.sessions() as session:
            return client.get(f"/api/v1/cases/{case}", headers=alice).headers["ETag"], joint_reading.reading_of(
                session, case
            )

    before = drafted()
    claim = worker.claim_next("mammo")
    worker.post(claim["job_id"], "examination", "fail", attempt=claim["attempt"], code="image_unreadable", detail="-")
    assert told() == ("not_sure", ["comparison_failed", "films_no_sign", "joint_reading_failed", "not_called_negative"])
    assert not set(before) & set(drafted())


@pytest.mark.parametrize(("change", "codes"), [("new", {"lesion_new"}), ("grown", {"lesion_grown"}), (None, set())])
def test_a_work_up_of_the_other_breast_does_not_hide_it(
    client, alice, case, worker, film, with_prior, told, change, codes
):
    """Nobody has read it, and the work-up has no film that shows it. Nor does it hide what was not compared."""
    images = client.get(f"/api/v1/cases/{case}", headers=alice).json()["images"]
    compare(worker, change, () if change else tuple(image["job"]["id"] for image in images if image["is_prior"]))
    worker.infer(film(3, view="CC", laterality="R", study_date="2026-03-20"), 0.05)
    claim = worker.claim_next("mammo")
    assert claim["examination"]["in_doubt"] == ["L"]
    worker.post(claim["job_id"], "examination", "fail", attempt=claim["attempt"], code="image_unreadable", detail="-")
    assessment, reasons = told()
    assert (assessment, codes <= set(reasons)) == ("not_sure", True)
    assert "earlier_in_doubt" in reasons


@pytest.mark.parametrize("signed_first", [True, False])
def test_what_was_found_after_the_signature_has_not_been_read(
    client, alice, case, worker, film, with_prior, told, signed_first
):
    def sign(*accepted: str) -> None:
        signed = {"conclusion": "no_sign_of_malignancy", "acknowledged": accepted}
        assert client.post(f"/api/v1/cases/{case}/reports", headers=alice, json=signed).status_code == 201

    if signed_first:
        sign("not_read_together")
    compare(worker, "new")
    if not signed_first:
        sign()
    worker.infer(film(3, view="CC", laterality="R", study_date="2026-03-20"), 0.05)
    worker.compare()
    assert told()[0] == ("not_sure" if signed_first else "no_sign_of_malignancy")


def test_what_was_signed_before_a_lesion_was_found_to_be_new_is_superseded(client, alice, case, worker, with_prior):
    def state() -> str:
        return client.get(f"/api/v1/cases/{case}", headers=alice).json()["state"]

    signed = {"conclusion": "no_sign_of_malignancy", "acknowledged": ["not_read_together"]}
    assert client.post(f"/api/v1/cases/{case}/reports", headers=alice, json=signed).status_code == 201
    assert state() == "signed"
    compare(worker, "new")
    assert state() == "ready"
