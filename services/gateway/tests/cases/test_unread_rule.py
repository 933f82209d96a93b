"""The rule beside films that nobody has read, and beside analyses that are repeated."""

import pytest
from film_evidence import CLEAR, PROBABILITY, SUSPECTED, UNSURE, film

from gateway.cases.assessment import conclude


def codes(conclusion) -> set[str]:
    return {reason.code for reason in conclusion.reasons} | {step.code for step in conclusion.suggestions}


@pytest.mark.parametrize(
    ("said", "expected", "reason"),
    [
        (UNSURE, UNSURE, "earlier_in_doubt"),
        ("failed", UNSURE, "earlier_in_doubt"),
        ("pending", None, "earlier_still_analysed"),
    ],
)
def test_a_clear_work_up_does_not_clear_what_nobody_has_read(said, expected, reason):
    conclusion = conclude([film(CLEAR, "RCC", 3)], {"LCC 2026-09-01": film(said, "LCC", 1)})
    assert (conclusion.assessment, conclusion.reasons[0].code) == (expected, reason)
    assert conclusion.reasons[0].values == {"images": ["LCC 2026-09-01"]}
    assert "read_as_usual" not in codes(conclusion)


def test_a_suspicion_that_nobody_has_read_gives_its_number():
    conclusion = conclude([film(CLEAR, "RCC", 3)], {"LCC 2026-09-01": film(SUSPECTED, "LCC", 1)})
    assert conclusion.probability_malignant == PROBABILITY[SUSPECTED]
    assert "read_with_priority" in codes(conclusion)
    clear = conclude([film(CLEAR, "RCC", 3)], {"LCC 2026-09-01": film(CLEAR, "LCC", 1)})
    assert (clear.assessment, clear.probability_malignant) == (CLEAR, PROBABILITY[CLEAR])


@pytest.mark.parametrize("state", ["failed", "pending"])
def test_a_suspicion_counts_until_a_newer_analysis_has_a_result(state):
    images = [film(state, "RCC", 1), film(CLEAR, "LCC", 2)]
    conclusion = conclude(images, former={"job-1": film(SUSPECTED, "RCC", 0)})
    assert (conclusion.assessment, conclusion.probability_malignant) == (SUSPECTED, PROBABILITY[SUSPECTED])
    first = conclusion.reasons[0]
    assert (first.code, first.job_id, first.values) == ("suspected_before", "job-1", {"image": "RCC"})
    assert conclude(images, former={"job-1": film(UNSURE, "RCC", 0)}) == conclude(images)
