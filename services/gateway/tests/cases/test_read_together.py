"""What the joint reading of a breast's films means for the conclusion: by the rule, and as the API says it."""

import itertools

import pytest
from film_evidence import CLEAR, PROBABILITY, SUSPECTED, UNSURE, film

from gateway.cases.assessment import conclude
from lobule.contracts.case import ImageEvidence
from lobule.contracts.examination import BreastReading, BreastReason, BreastState, ExaminationReading
from lobule.contracts.language import LANGUAGES
from lobule.words import Words

pytestmark = pytest.mark.usefixtures("store_read_without_connection")

ORDER = {CLEAR: 0, UNSURE: 1, SUSPECTED: 2}


def tissue(said: str) -> ImageEvidence:
    place = {"evidence": "tissue", "modality": "histopathology", "laterality": None, "view": None}
    return film(said, number=9).model_copy(update=place)


def breast(said: str, side: str = "R", number: float | None = None) -> BreastState:
    return BreastState(laterality=side, assessment=said, probability_malignant=number or PROBABILITY[said] + 0.01)


def codes(conclusion) -> list[str]:
    return [reason.code for reason in conclusion.reasons]


@pytest.mark.parametrize("of_breast", [CLEAR, UNSURE, SUSPECTED])
def test_a_breast_that_is_read_together_counts_as_its_films_and_hides_no_suspicion(of_breast):
    for pair in itertools.product((*ORDER, "failed"), repeat=2):
        images = [
            film(said, view, number) for number, (said, view) in enumerate(zip(pair, ("RCC", "RMLO"), strict=True))
        ]
        said = conclude(images, breasts=[breast(of_breast)])
        if all(one == "failed" for one in pair):
            assert said.assessment is None or said.assessment != CLEAR
        elif SUSPECTED in (*pair, of_breast):
            assert said.assessment == SUSPECTED
        elif "failed" in pair:
            assert said.assessment == UNSURE
        else:
            assert said.assessment == of_breast
            assert said.probability_malignant == breast(of_breast).probability_malignant


def test_a_more_suspicious_breast_or_a_further_image_never_lowers_the_conclusion():
    for pair in itertools.product(ORDER, repeat=2):
        images = [film(pair[0]), film(pair[1], "LCC", 1)]
        for right, left in itertools.product(ORDER, repeat=2):
            said = conclude(images, breasts=[breast(right), breast(left, "L")]).assessment
            assert ORDER[said] >= max(ORDER[right], ORDER[left])
            for more in (film(SUSPECTED, "RMLO", 2), tissue(SUSPECTED), tissue(UNSURE)):
                with_it = conclude([*images, more], breasts=[breast(right), breast(left, "L")]).assessment
                assert ORDER[with_it] >= max(ORDER[said], ORDER[more.assessment])


def test_a_film_that_is_not_sure_alone_is_named_where_its_breast_clears_it():
    images = [film(CLEAR), film(UNSURE, "RMLO", 1), film(UNSURE, "LCC", 2)]
    cleared = conclude(images[:2], breasts=[breast(CLEAR)])
    assert (cleared.assessment, codes(cleared)) == (CLEAR, ["breast_no_sign", "films_no_sign"])
    assert [reason.values["images"] for reason in cleared.reasons] == [["RMLO"], ["RCC"]]
    assert [step.code for step in cleared.suggestions if step.code != "complete_views"] == ["read_as_usual"]
    other = conclude(images, breasts=[breast(CLEAR), breast(UNSURE, "L")])
    assert (other.assessment, codes(other)[0]) == (UNSURE, "film_not_sure")
    assert "LCC" in other.reasons[0].values["image"]
    for language in LANGUAGES:
        assert "{" not in "".join(map(Words(language).reason, cleared.reasons))


@pytest.mark.parametrize(("of_breast", "code"), [(UNSURE, "breast_not_sure"), (SUSPECTED, "breast_suspected")])
def test_a_breast_that_is_more_suspicious_than_its_films_is_a_reason(of_breast, code):
    alone = CLEAR if of_breast == UNSURE else UNSURE
    said = conclude([film(alone), film(alone, "RMLO", 1)], breasts=[breast(of_breast, number=0.7)])
    assert (said.assessment, said.probability_malignant) == (of_breast, 0.7)
    assert code in codes(said)
    assert "not_called_negative" not in codes(said)
    steps = {step.code: step.values for step in said.suggestions}
    assert steps["further_imaging"] == {"images": ["RCC", "RMLO"]}
    assert ("read_with_priority" in steps) == (of_breast == SUSPECTED)
    for language in LANGUAGES:
        assert "{" not in "".join(map(Words(language).reason, said.reasons))


def test_a_breast_that_something_else_keeps_from_being_negative_is_left_to_the_rule():
    def reading(method, assessment, *reasons):
        doubts = [BreastReason(code=code) for code in reasons]
        read = BreastReading(
            laterality="R", views=["CC"], assessment=assessment, probability_malignant=0.1, bi_rads=0, reasons=doubts
        )
        return ExaminationReading(method=method, breasts=[read], assessment=assessment, probability_malignant=0.1)

    assert [state.assessment for state in reading("model", CLEAR, "nothing_marked").states()] == [CLEAR]
    assert reading("rule", CLEAR).states() == []
    assert reading("model", UNSURE, "in_doubt").states() == []
    assert [state.assessment for state in reading("model", SUSPECTED, "not_assessed").states()] == [SUSPECTED]


@pytest.fixture
def told(client, alice, case):
    """What the case concludes: its assessment, its number and the codes of its reasons."""

    def read() -> tuple[str | None, float | None, list[str]]:
        said = client.get(f"/api/v1/cases/{case}", headers=alice).json()["conclusion"]
        return said["assessment"], said["probability_malignant"], [reason["code"] for reason in said["reasons"]]

    return read


def read_breast(worker, method: str, assessment: str, number: float) -> None:
    """Play the joint reading of the left breast."""
    read = BreastReading(
        laterality="L", views=["CC", "MLO"], assessment=assessment, probability_malignant=number, bi_rads=0
    )
    worker.compare(
        ExaminationReading(method=method, breasts=[read], assessment=assessment, probability_malignant=number)
    )


def test_the_conclusion_follows_the_breast_once_its_films_are_read_together(worker, film, told, client, alice, case):
    worker.infer(film(1, view="CC", laterality="L"), 0.05)
    worker.infer(film(2, view="MLO", laterality="L"), 0.3)
    assert told()[:2] == (UNSURE, 0.3), "by the films alone, until they are read together"
    read_breast(worker, "model", CLEAR, 0.08)
    assert told() == (CLEAR, 0.08, ["breast_no_sign", "films_no_sign"])
    [listed] = client.get("/api/v1/cases", headers=alice).json()["items"]
    assert (listed["assessment"], listed["probability_malignant"]) == (CLEAR, 0.08)
    worker.infer(film(3, view="CC", laterality="L"), 0.05)
    assert told()[0] == UNSURE, "what was read of other films counts no more"


def test_without_a_model_the_films_decide(worker, film, told):
    worker.infer(film(1, view="CC", laterality="L"), 0.05)
    worker.infer(film(2, view="MLO", laterality="L"), 0.3)
    before = told()
    read_breast(worker, "rule", CLEAR, 0.08)
    assert told() == before


def test_a_case_is_not_called_negative_before_its_films_are_read_together(worker, film, told):
    worker.infer(film(1, view="CC", laterality="L"), 0.05)
    assert told() == (None, None, ["films_no_sign", "still_read_together"])
    read_breast(worker, "model", UNSURE, 0.15)
    assert told() == (UNSURE, 0.15, ["breast_not_sure", "films_no_sign"])


def test_a_suspicion_of_a_breast_counts_until_its_films_are_read_together_anew(worker, film, told, row):
    for number, view in enumerate(("CC", "MLO"), 1):
        worker.infer(film(number, view=view, laterality="L"), 0.3)
    read_breast(worker, "model", SUSPECTED, 0.72)
    worker.infer(film(3, view="CC", laterality="R"), 0.05)
    suspected = (SUSPECTED, 0.72, ["breast_suspected", "film_not_sure", "films_no_sign"])
    assert told() == suspected, "until it is read"
    assert row()["assessment"] == SUSPECTED
    read_breast(worker, "model", CLEAR, 0.1)
    assert told()[0] == CLEAR


def test_a_suspicion_of_a_breast_counts_while_a_film_is_analysed(worker, film, told):
    worker.infer(film(1, view="CC", laterality="L"), 0.3)
    read_breast(worker, "model", SUSPECTED, 0.72)
    film(2, view="CC", laterality="R")
    assert told()[:2] == (SUSPECTED, 0.72)


def fail_reading(worker) -> None:
    claim = worker.claim_next("mammo")
    worker.post(claim["job_id"], "examination", "fail", attempt=claim["attempt"], code="image_unreadable", detail="-")


def test_a_joint_reading_that_failed_is_a_reason_beside_the_films_alone(worker, film, told, client, alice, case):
    worker.infer(film(1, view="CC", laterality="L"), 0.05)
    before = client.get(f"/api/v1/cases/{case}", headers=alice).headers["ETag"]
    fail_reading(worker)
    assert told() == (CLEAR, 0.05, ["films_no_sign", "joint_reading_failed"])
    after = client.get(f"/api/v1/cases/{case}", headers=alice)
    assert after.headers["ETag"] != before, "the conclusion is another one"
    assert after.json()["conclusion"]["reasons"][-1]["text"].startswith("Reading the films together failed")


@pytest.mark.parametrize(("of_breast", "alone"), [(SUSPECTED, 0.3), (UNSURE, 0.05)])
def test_what_the_last_reading_raised_stands_if_the_next_one_fails(worker, film, told, of_breast, alone):
    worker.infer(film(1, view="CC", laterality="L"), alone)
    read_breast(worker, "model", of_breast, 0.72)
    worker.infer(film(2, view="CC", laterality="R"), 0.05)
    fail_reading(worker)
    assessment, number, reasons = told()
    assert (assessment, number) == (of_breast, 0.72)
    assert "joint_reading_failed" in reasons


@pytest.mark.parametrize(
    ("of_breast", "alone", "code"), [(SUSPECTED, 0.3, "earlier_suspected"), (UNSURE, 0.05, "earlier_in_doubt")]
)
def test_a_later_examination_does_not_hide_a_breast_that_nobody_has_read(worker, film, told, of_breast, alone, code):
    worker.infer(film(1, view="CC", laterality="L", study_date="2026-11-02"), alone)
    read_breast(worker, "model", of_breast, 0.72)
    worker.infer(film(2, view="CC", laterality="R", study_date="2026-11-20"), 0.05)
    worker.compare()
    assert told() == (UNSURE, 0.72, [code, "films_no_sign", "not_called_negative"])
