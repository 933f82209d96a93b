"""The rule beside films that nobody has read, and beside analyses that are repeated."""

from typing import get_args

import pytest

from gateway.cases.assessment import conclude
from lobule.contracts.case import ImageEvidence
from lobule.contracts.result import Assessment

SUSPECTED, UNSURE, CLEAR = get_args(Assessment)
PROBABILITY = {SUSPECTED: 0.9, UNSURE: 0.5, CLEAR: 0.1}


def film(said: str, hanging: str, number: int) -> ImageEvidence:
    assessed = said in PROBABILITY
    return ImageEvidence(
        job_id=f"job-{number}",
        file_name=f"{number}.png",
        modality="mammography",
        evidence="film",
        laterality=hanging[0],
        view=hanging[1:],
        state="assessed" if assessed else said,
        assessment=said if assessed else None,
        probability_malignant=PROBABILITY.get(said),
    )


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
