"""The sentences about a breast: each names its finding, none is said twice, and each supports the assessment."""

import pytest

from lobule.contracts.examination import BreastReading, BreastReason, Lesion, LesionMark, Standing
from lobule.contracts.language import LANGUAGES
from lobule.words import Words
from lobule.words.breasts import breasts_in_words, standing_in_words

DOUBTS = ("not_assessed", "in_doubt", "lesion_new", "lesion_grown", "not_compared", "not_evaluated")


def lesion(probability: float) -> Lesion:
    mark = LesionMark(job_id="j", finding_id="f1", view="CC")
    return Lesion(marks=[mark], probability_malignant=probability, same_lesion=None, place=None)


def breast(side: str, lesions: list[Lesion], reasons: list[BreastReason], said: str = "not_sure") -> BreastReading:
    return BreastReading(
        laterality=side,
        views=["CC", "MLO"],
        assessment=said,
        probability_malignant=0.4,
        bi_rads=0,
        lesions=lesions,
        reasons=reasons,
    )


def of_lesions(count: int) -> list[BreastReason]:
    return [BreastReason(code="lesion_on_one_view", lesion=place, view="CC") for place in range(count)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_finding_is_named_by_its_number_in_the_examination(language):
    """Equal findings of the same view and place have different sentences; the numbers run through both breasts."""
    right = breast("R", [lesion(0.4), lesion(0.2)], of_lesions(2))
    left = breast("L", [lesion(0.4), lesion(0.3), lesion(0.2)], of_lesions(3))
    told = [sentence for text in breasts_in_words([right, left], Words(language)) for sentence in text[1:]]
    for number, sentence in zip((1, 4, 2, 3, 5), told, strict=True):
        assert f" {number} " in sentence


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_said_twice(language):
    shown = [BreastReason(code="film_by_itself", probability=0.2)] * 2
    shown += [BreastReason(code="view_by_itself", view="CC", probability=p) for p in (0.31, 0.42)]
    [said] = breasts_in_words([breast("R", [lesion(0.4), lesion(0.4)], [*of_lesions(2), *shown])], Words(language))
    assert len(said) == len(set(said))
    assert "31%" in said[-1]
    assert "42%" in said[-1]


@pytest.mark.parametrize("code", DOUBTS)
def test_what_keeps_a_breast_from_being_negative_is_told_where_it_did(code):
    reason = BreastReason(code=code, lesion=0 if code.startswith("lesion") else None)
    unsure, suspected = (breast("R", [lesion(0.4)], [reason], said) for said in ("not_sure", "malignancy_suspected"))
    words = Words("en")
    assert breasts_in_words([unsure], words)[0][-1] == "For these reasons the breast is not called negative."
    assert "negative" not in " ".join(breasts_in_words([suspected], words)[0])


def test_a_category_is_excused_where_it_would_have_been_suggested():
    reason = [BreastReason(code="not_evaluated")]
    told = breasts_in_words([breast("R", [], reason, "no_sign_of_malignancy")], Words("en"))[0]
    assert "BI-RADS 1 or 2 is not suggested" in told[-1]
    assert "1 or 2" not in " ".join(breasts_in_words([breast("R", [], reason, "malignancy_suspected")], Words("en"))[0])


def test_no_probability_in_a_population_is_said_to_be_zero():
    """In screening, most breasts were said to have a probability of malignancy of 0.0%."""
    few = Standing(population="screening", prevalence=0.003, probability_malignant=0.00019, place=1)
    assert "(0.3% of breasts with cancer): probability of malignancy 0.02%" in standing_in_words(few, Words("en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_finding_with_a_larger_number_than_its_breast_is_explained(language):
    """Breast 6 %, finding 15 %: readers could not reconcile them."""
    words = Words(language)
    below, alike, above = (breast("L", [lesion(number)], of_lesions(1)) for number in (0.3, 0.404, 0.6))
    assert breasts_in_words([above], words)[0][-1] == words("breast.finding_above", finding="60%", breast="40%")
    for other in (below, alike, breast("L", [], [])):
        assert words("breast.finding_above", finding="60%", breast="40%")[-20:] not in " ".join(
            breasts_in_words([other], words)[0]
        )
