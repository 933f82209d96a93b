"""The rule by which two readers agree."""

import pytest

from gateway.cases.agreement import ReaderConclusions, combined, disagreements
from lobule.contracts.breasts import BreastConclusion, BreastConclusions


def stated(right=None, left=None, conclusion="not_sure"):
    def breast(said):
        return None if said is None else BreastConclusion(bi_rads=said[0], density=said[1] if said[1:] else None)

    return ReaderConclusions(BreastConclusions(right=breast(right), left=breast(left)), conclusion)


@pytest.mark.parametrize(
    ("one", "other", "differs"),
    [((1,), (2,), False), ((0,), (5,), False), ((3,), (2,), True), ((1,), (4,), True), ((6,), (2,), True)],
)
def test_recall_is_what_counts(one, other, differs):
    assert bool(disagreements(stated(one), stated(other), "recall")) is differs
    assert bool(disagreements(stated(other), stated(one), "recall")) is differs


def test_each_breast_counts_for_itself():
    found = disagreements(stated((4,), (1,)), stated((1,), (4,)), "recall")
    assert [(each.side, each.subject) for each in found] == [("R", "recall"), ("L", "recall")]
    assert disagreements(stated((1,)), stated((1,), (1,)), "recall")[0].side == "L", "one has not looked at it"


def test_all_that_is_stated_counts_where_that_is_asked_for():
    one, other = stated((1, "a")), stated((1, "b"), conclusion="no_sign_of_malignancy")
    assert disagreements(one, other, "recall") == []
    assert [each.subject for each in disagreements(one, other, "all")] == ["density", "conclusion"]


def test_the_report_states_the_more_suspicious_of_both():
    both = combined(stated((1, "a"), (2,)), stated((2,), (1, "c"), conclusion="malignancy_suspected"))
    assert both.conclusion == "malignancy_suspected"
    assert both.breasts.right == BreastConclusion(bi_rads=2, density="a")
    assert both.breasts.left == BreastConclusion(bi_rads=2, density="c")


@pytest.mark.parametrize(
    ("one", "other", "reported"),
    [
        ((0, "further_imaging"), (0, "biopsy"), "biopsy"),
        ((3, None), (3, "short_follow_up"), "short_follow_up"),
        ((4, "further_imaging"), (3, "biopsy"), "biopsy"),
        ((5, None), (3, "short_follow_up"), None),
        ((4, None), (0, "biopsy"), "biopsy"),
        ((1, None), (2, None), None),
    ],
)
def test_the_report_recommends_the_more_far_reaching_of_both(one, other, reported):
    def said(category, recommendation):
        breast = BreastConclusion(bi_rads=category, recommendation=recommendation)
        return ReaderConclusions(BreastConclusions(right=breast), "not_sure")

    for first, second in ((one, other), (other, one)):
        assert combined(said(*first), said(*second)).breasts.right.recommendation == reported


def test_the_conclusion_counts_where_no_breast_is_stated():
    one, other = ReaderConclusions(None, "not_sure"), ReaderConclusions(None, "malignancy_suspected")
    assert [each.subject for each in disagreements(one, other, "recall")] == ["conclusion"]
    assert disagreements(one, one, "recall") == []
    assert combined(one, other) == other
