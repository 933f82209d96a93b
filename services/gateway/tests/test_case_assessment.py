"""The rule that makes one conclusion of a case's images: every combination that matters."""

import itertools
import re
from typing import get_args

import pytest

from gateway.cases.assessment import conclude
from lobule.contracts.case import HANGINGS, ImageEvidence
from lobule.contracts.language import LANGUAGES
from lobule.contracts.result import Assessment
from lobule.modalities import PACKAGED
from lobule.words import Words

PROBABILITY = {"malignancy_suspected": 0.9, "not_sure": 0.5, "no_sign_of_malignancy": 0.1}
KINDS = ("mammography", "histopathology")
STATES = (*get_args(Assessment), "failed", "pending")
SUSPECTED, UNSURE, CLEAR = get_args(Assessment)


def image(
    modality: str, said: str, number: int = 0, hanging: str | None = None, finding: str | None = None
) -> ImageEvidence:
    assessed = said not in ("failed", "pending")
    return ImageEvidence(
        job_id=f"job-{number}",
        file_name=f"{number}.png",
        modality=modality,
        evidence=PACKAGED[modality].evidence,
        laterality=hanging[0] if hanging else None,
        view=hanging[1:] if hanging else None,
        state="assessed" if assessed else said,
        assessment=said if assessed else None,
        probability_malignant=PROBABILITY.get(said),
        finding_assessment=finding,
    )


def film(said: str, hanging: str | None = "RCC", number: int = 0, finding: str | None = None) -> ImageEvidence:
    return image("mammography", said, number, hanging, finding)


def tissue(said: str, number: int = 9) -> ImageEvidence:
    return image("histopathology", said, number)


def codes(conclusion) -> set[str]:
    return {reason.code for reason in conclusion.reasons} | {step.code for step in conclusion.suggestions}


EVERY_CASE = [
    combination
    for size in (1, 2, 3)
    for combination in itertools.combinations_with_replacement(itertools.product(KINDS, STATES), size)
]


def test_a_clear_work_up_does_not_hide_a_suspicion_that_nobody_has_read():
    before = {"RCC 2 2026-09-01": film(SUSPECTED, "RCC", 1), "LMLO 2026-09-01": film(CLEAR, "LMLO", 2)}
    said = conclude([film(CLEAR, "RCC", 3)], before)
    assert said.assessment == UNSURE
    assert (said.reasons[0].code, said.reasons[0].values) == ("earlier_suspected", {"images": ["RCC 2 2026-09-01"]})
    assert "read_as_usual" not in codes(said)
    assert conclude([film(SUSPECTED, "RCC", 3)], before).assessment == SUSPECTED
    refused = conclude([film(CLEAR, "RCC", 3)], refused=[film("failed", "RMLO")])
    assert (refused.assessment, refused.reasons[-2].code) == (UNSURE, "film_refused")
    assert refused.reasons[-2].values == {"images": ["RMLO"]}
    again = conclude([film(CLEAR, "RCC", 3)], refused=[film("failed", "RCC")])
    assert again.reasons[-2].values == {"images": ["RCC 2"]}, "it is not the film that is there"
    assert conclude([film(CLEAR, "RCC", 3)], {"LMLO 2026-09-01": before["LMLO 2026-09-01"]}).assessment == CLEAR


def test_two_films_of_a_view_are_told_apart():
    said = conclude([film(SUSPECTED, "RCC", 1), film(CLEAR, "RCC", 2)])
    named = {reason.code: reason.values for reason in said.reasons}
    assert named["film_suspected"] == {"image": "RCC"}
    assert named["films_no_sign"] == {"images": ["RCC 2"]}


def test_what_could_not_be_assessed_is_not_asked_for_its_view():
    said = conclude([film("failed", None)])
    assert {"view_unknown", "name_views"} & codes(said) == set()


@pytest.mark.parametrize("size", [1, 2, 3])
def test_every_case_of_up_to_three_images(size):
    """The conclusion of each of the 285 mixtures, held against the rule said in other words."""
    cases = [case for case in EVERY_CASE if len(case) == size]
    assert len(cases) == {1: 10, 2: 55, 3: 220}[size]
    for case in cases:
        images = [image(kind, said, number) for number, (kind, said) in enumerate(case)]
        said = [state for _, state in case]
        conclusion = conclude(images)
        if SUSPECTED in said:
            expected = SUSPECTED
        elif "pending" in said or set(said) == {"failed"}:
            expected = None
        elif {UNSURE, "failed"} & set(said):
            expected = UNSURE
        else:
            expected = CLEAR
        assert conclusion.assessment == expected, case
        assert (conclusion.probability_malignant is None) == (expected is None), case
        for language in LANGUAGES:
            for reason in conclusion.reasons:
                assert "{" not in Words(language).reason(reason)
            for step in conclusion.suggestions:
                assert "{" not in Words(language).suggestion(step)
        for number, (_, state) in enumerate(case):
            if state == "failed":
                assert any(r.code == "not_assessed" and r.job_id == f"job-{number}" for r in conclusion.reasons), case


def test_more_suspicion_never_makes_a_case_less_suspected():
    order = [None, CLEAR, UNSURE, SUSPECTED]
    worse = {CLEAR: UNSURE, UNSURE: SUSPECTED, "failed": SUSPECTED}
    for case in EVERY_CASE:
        if "pending" in {said for _, said in case}:
            continue
        before = conclude([image(kind, said, n) for n, (kind, said) in enumerate(case)]).assessment
        for index, (kind, said) in enumerate(case):
            if said in worse:
                changed = [*case[:index], (kind, worse[said]), *case[index + 1 :]]
                after = conclude([image(k, s, n) for n, (k, s) in enumerate(changed)]).assessment
                assert order.index(after) >= order.index(before), (case, changed)


def test_the_order_of_the_images_does_not_matter():
    images = [film(SUSPECTED, "RCC", 0), film(CLEAR, "LCC", 1), tissue(UNSURE, 2), film("failed", "LMLO", 3)]
    conclusions = [conclude(order) for order in itertools.permutations(images)]
    assert len({c.assessment for c in conclusions}) == len({c.probability_malignant for c in conclusions}) == 1
    assert len({frozenset(codes(c)) for c in conclusions}) == 1


def test_no_image_says_nothing():
    conclusion = conclude([])
    assert (conclusion.assessment, conclusion.reasons, conclusion.missing_views) == (None, [], [])


class TestTissueAndFilms:
    def test_malignant_tissue_outranks_clear_films(self):
        conclusion = conclude([film(CLEAR), tissue(SUSPECTED)])
        assert conclusion.assessment == SUSPECTED
        assert conclusion.reasons[0].code == "histology_malignant"

    @pytest.mark.parametrize("on_film", [SUSPECTED, UNSURE])
    def test_clear_tissue_does_not_clear_the_films(self, on_film):
        conclusion = conclude([film(on_film), tissue(CLEAR)])
        assert conclusion.assessment == on_film
        assert {"histology_does_not_clear", "check_biopsy_site"} <= codes(conclusion)

    def test_clear_and_clear_is_clear(self):
        conclusion = conclude([film(CLEAR), tissue(CLEAR)])
        assert conclusion.assessment == CLEAR
        assert {"histology_does_not_clear", "check_biopsy_site"} & codes(conclusion) == set()

    @pytest.mark.parametrize(("said", "suggested"), [(SUSPECTED, True), (UNSURE, True), (CLEAR, False)])
    def test_doubt_about_films_suggests_imaging_first(self, said, suggested):
        assert ("further_imaging" in codes(conclude([film(said)]))) is suggested

    @pytest.mark.parametrize("of_tissue", STATES)
    @pytest.mark.parametrize("on_film", [SUSPECTED, UNSURE])
    def test_once_tissue_is_there_films_in_doubt_are_compared_with_it(self, on_film, of_tissue):
        conclusion = conclude([film(on_film, finding=SUSPECTED), tissue(of_tissue)])
        assert {"further_imaging", "histopathology"} & codes(conclusion) == set()
        [step] = [step for step in conclusion.suggestions if step.code == "correlate_with_tissue"]
        assert step.values == {"images": ["RCC"]}

    @pytest.mark.parametrize("on_film", [SUSPECTED, UNSURE, CLEAR, "failed", "pending"])
    def test_malignant_tissue_asks_how_far_the_disease_extends(self, on_film):
        said = codes(conclude([film(on_film), tissue(SUSPECTED), tissue(CLEAR, 10)]))
        assert ("disease_extent" in said) is (on_film in get_args(Assessment))
        assert {"further_imaging", "check_biopsy_site"} & said == set()

    def test_tissue_alone_asks_for_no_films(self):
        assert {"disease_extent", "correlate_with_tissue"} & codes(conclude([tissue(SUSPECTED)])) == set()

    def test_the_films_in_doubt_are_named(self):
        conclusion = conclude([film(SUSPECTED, "RCC", 0), film(CLEAR, "LCC", 1), film(UNSURE, "LMLO", 2)])
        [step] = [step for step in conclusion.suggestions if step.code == "further_imaging"]
        assert step.values == {"images": ["RCC", "LMLO"]}

    @pytest.mark.parametrize("said", [SUSPECTED, UNSURE])
    def test_tissue_is_suggested_only_where_a_marked_finding_is_suspicious(self, said):
        for finding, suggested in ((None, False), (CLEAR, False), (UNSURE, True), (SUSPECTED, True)):
            conclusion = conclude([film(said, finding=finding)])
            assert ("histopathology" in codes(conclusion)) is suggested
            order = [step.code for step in conclusion.suggestions]
            assert not suggested or order.index("further_imaging") < order.index("histopathology")
        assert "histopathology" not in codes(conclude([film(said, finding=SUSPECTED), tissue("pending")]))

    def test_a_clear_film_suggests_no_tissue_whatever_is_marked(self):
        assert "histopathology" not in codes(conclude([film(CLEAR, finding=CLEAR)]))

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_no_advice_speaks_of_a_biopsy_without_a_suspicious_mark(self, language):
        """Whatever the mixture of images: the words themselves, not the codes alone."""
        for case in EVERY_CASE:
            images = [image(kind, said, number) for number, (kind, said) in enumerate(case)]
            words = " ".join(Words(language).suggestion(step) for step in conclude(images).suggestions)
            assert not re.search("biops|tissue sample|活检|取样", words), words

    def test_doubt_about_tissue_suggests_more_of_it(self):
        assert "more_tissue" in codes(conclude([tissue(UNSURE)]))
        assert "histopathology" not in codes(conclude([tissue(UNSURE)]))


class TestViews:
    def test_both_views_of_a_side(self):
        conclusion = conclude([film(SUSPECTED, "RCC", 0), film(SUSPECTED, "RMLO", 1)])
        [both] = [reason for reason in conclusion.reasons if reason.code == "suspected_in_both_views"]
        assert Words("en").reason(both) == "Both views of the right breast raise suspicion."

    @pytest.mark.parametrize(("other", "finding"), [(UNSURE, None), (UNSURE, CLEAR), (CLEAR, None), (CLEAR, CLEAR)])
    def test_one_view_of_a_side(self, other, finding):
        """A suspicious finding is marked in one view, none in the other, and the numbers lie well apart."""
        conclusion = conclude([film(SUSPECTED, "LMLO", 0, SUSPECTED), film(other, "LCC", 1, finding)])
        [one] = [reason for reason in conclusion.reasons if reason.code == "suspected_in_one_view"]
        assert one.values == {"side": "L", "image": "LMLO", "other": "LCC"}

    def test_a_difference_that_means_nothing_is_not_explained(self):
        """58 % against 56 %, either side of a threshold."""
        close = film(SUSPECTED, "LCC", 0, SUSPECTED), film(UNSURE, "LMLO", 1)
        pair = [
            image.model_copy(update={"probability_malignant": p}) for image, p in zip(close, (0.58, 0.56), strict=True)
        ]
        assert not {"suspected_in_one_view", "suspected_in_both_views"} & codes(conclude(pair))

    def test_a_view_with_a_suspicious_finding_of_its_own_is_no_view_without(self):
        pair = [film(SUSPECTED, "LCC", 0, SUSPECTED), film(UNSURE, "LMLO", 1, UNSURE)]
        assert "suspected_in_one_view" not in codes(conclude(pair))

    def test_without_a_marked_finding_views_are_not_compared(self):
        assert "suspected_in_one_view" not in codes(conclude([film(SUSPECTED, "LCC", 0), film(CLEAR, "LMLO", 1)]))

    def test_each_film_of_the_other_view_counts(self):
        pair = [film(SUSPECTED, "LCC", 0, SUSPECTED), film(CLEAR, "LMLO", 1), film(UNSURE, "LMLO", 2, UNSURE)]
        assert "suspected_in_one_view" not in codes(conclude(pair))

    def test_views_of_different_sides_are_not_compared(self):
        conclusion = conclude([film(SUSPECTED, "LMLO", 0), film(CLEAR, "RCC", 1)])
        assert not {"suspected_in_one_view", "suspected_in_both_views"} & codes(conclusion)

    def test_missing_views_are_named(self):
        for count in range(1, 5):
            for present in itertools.combinations(HANGINGS, count):
                conclusion = conclude([film(CLEAR, hanging, n) for n, hanging in enumerate(present)])
                assert conclusion.missing_views == [hanging for hanging in HANGINGS if hanging not in present]
                assert ("complete_views" in codes(conclusion)) is (count < 4)

    def test_a_failed_film_is_not_a_missing_one(self):
        conclusion = conclude([film(CLEAR, "RCC", 0), film("failed", "LCC", 1)])
        assert conclusion.missing_views == ["RMLO", "LMLO"]

    def test_a_work_up_lacks_no_view_of_the_examination_shortly_before(self):
        conclusion = conclude([film(CLEAR, "RCC", 0)], recent=["RMLO", "LCC", None])
        assert conclusion.missing_views == ["LMLO"]
        assert "complete_views" not in codes(conclude([film(CLEAR, "RCC", 0)], recent=HANGINGS))

    def test_tissue_alone_misses_no_view(self):
        assert conclude([tissue(CLEAR)]).missing_views == []

    def test_an_unknown_view_is_said(self):
        assert {"view_unknown", "name_views"} <= codes(conclude([film(CLEAR, None)]))

    def test_a_special_view_is_a_known_one(self):
        assert {"view_unknown", "name_views"} & codes(conclude([film(CLEAR, "LXCCL")])) == set()


class TestFailedAndPending:
    def test_a_failed_image_keeps_a_case_from_being_called_negative(self):
        conclusion = conclude([film(CLEAR, "RCC", 0), film("failed", "LCC", 1)])
        assert conclusion.assessment == UNSURE
        assert {"not_assessed", "not_called_negative", "repeat_failed"} <= codes(conclusion)
        assert conclusion.probability_malignant == 0.1

    def test_real_doubt_needs_no_such_excuse(self):
        assert "not_called_negative" not in codes(conclude([film(UNSURE, "RCC", 0), film("failed", "LCC", 1)]))

    def test_suspicion_does_not_wait(self):
        conclusion = conclude([film(SUSPECTED, "RCC", 0), film("pending", "LCC", 1)])
        assert conclusion.assessment == SUSPECTED
        assert {"still_analysed", "wait"} <= codes(conclusion)

    def test_everything_else_waits(self):
        assert conclude([film(CLEAR, "RCC", 0), film("pending", "LCC", 1)]).assessment is None


def test_the_number_is_the_highest_of_the_images_that_carry_the_conclusion():
    first, second = film(SUSPECTED, "RCC", 0), film(SUSPECTED, "LCC", 1)
    second = second.model_copy(update={"probability_malignant": 0.97})
    unsure = film(UNSURE, "RMLO", 2).model_copy(update={"probability_malignant": 0.99})
    assert conclude([first, second, unsure]).probability_malignant == 0.97, "another model's scale is another scale"
