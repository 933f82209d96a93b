"""Sentences, lists, dates and probabilities in each language."""

from datetime import UTC, datetime

import pytest
from babel.messages.catalog import Catalog
from hypothesis import given
from hypothesis import strategies as st

from lobule.contracts.activity import Activity
from lobule.contracts.case import Reason
from lobule.contracts.language import LANGUAGES
from lobule.contracts.result import Notice, Thresholds
from lobule.errors import AnalysisError
from lobule.words import Words, make_notice
from lobule.words.__main__ import tidy
from lobule.words.catalogue import forms_of, read_catalogue

THRESHOLDS = Thresholds(low=0.25, high=0.6)


class TestPercent:
    @pytest.mark.parametrize(
        ("probability", "shown"),
        [
            (0.0, "0%"),
            (1.0, "100%"),
            (0.873, "87%"),
            (0.597, "59.7%"),
            (0.59996, "59.9960%"),
            (0.999, "99.9%"),
            (0.003, "0.3%"),
        ],
    )
    def test_never_contradicts_the_assessment(self, probability, shown):
        assert Words().percent(probability, THRESHOLDS) == shown

    @pytest.mark.parametrize(("probability", "shown"), [(0.000001, "under 0.01%"), (0.999999, "over 99.99%")])
    def test_never_claims_false_certainty(self, probability, shown):
        assert Words().percent(probability, THRESHOLDS) == shown

    def test_speaks_chinese(self):
        assert Words("zh").percent(0.000001, THRESHOLDS) == "小于 0.01%"
        assert Words("zh").percent(0.999999, THRESHOLDS) == "大于 99.99%"
        assert Words("zh").percent(0.873, THRESHOLDS) == "87%"

    @given(st.floats(0, 1))
    def test_the_shown_number_assesses_like_the_real_one(self, probability):
        shown = Words().percent(probability, THRESHOLDS)
        if shown[0].isdigit() and abs(probability - 0.25) > 1e-5 and abs(probability - 0.6) > 1e-5:
            assert THRESHOLDS.assess(float(shown.rstrip("%")) / 100) == THRESHOLDS.assess(probability)


class TestSentences:
    def test_a_count_chooses_the_plural_form_of_the_language(self):
        english, chinese = Words("en"), Words("zh")
        assert [english("admin.days", count=n) for n in (0, 1, 2)] == ["0 days", "1 day", "2 days"]
        assert [chinese("admin.days", count=n) for n in (0, 1, 2)] == ["0天", "1天", "2天"]

    def test_a_page_gets_plural_forms_by_their_category(self):
        assert Words("en").parts("admin")["admin.days.one"] == "{count} day"
        assert [key for key in Words("zh").parts("admin") if key.startswith("admin.days")] == ["admin.days.other"]

    def test_lists_read_as_in_a_sentence(self):
        reason = Reason(code="films_no_sign", values={"images": ["RCC", "LCC", "RMLO"]})
        assert "RCC, LCC and RMLO." in Words("en").reason(reason)
        assert "RCC、LCC和RMLO。" in Words("zh").reason(reason)

    def test_sides_are_written_in_words(self):
        reason = Reason(code="suspected_in_both_views", values={"side": "R"})
        assert Words("en").reason(reason) == "Both views of the right breast raise suspicion."
        assert "右乳" in Words("zh").reason(reason)

    def test_dates_follow_the_language(self):
        at = datetime(2026, 11, 6, 7, 5, tzinfo=UTC)
        assert (Words("en").moment(at), Words("zh").moment(at)) == ("6 Nov 2026, 07:05", "2026年11月6日 07:05")

    def test_a_missing_value_is_an_error(self):
        with pytest.raises(KeyError):
            Words("en")("common.images")


class TestNotices:
    def test_are_written_in_the_language_of_the_reader(self):
        notice = make_notice("laterality_against_file", side="L", file_side="R")
        assert notice.detail == Words("en").notice(notice)
        assert "given as left, the file says right" in notice.detail
        assert "侧别为左，文件中为右" in Words("zh").notice(notice)

    @pytest.mark.parametrize(
        "notice", [Notice(code="of_tomorrow", detail="New."), Notice(code="view_conflict", detail="Old.")]
    )
    def test_keep_their_own_words_where_the_catalogue_cannot_say_them(self, notice):
        assert Words("zh").notice(notice) == notice.detail


class TestErrors:
    def test_a_reason_and_its_values_make_the_sentence(self):
        error = AnalysisError("not_mammogram", "dicom_object", object="ultrasound_image")
        assert error.detail.startswith("This DICOM object is an ultrasound image, not a mammogram.")
        assert Words("zh").error(error.code, error.reason, error.values).startswith("该 DICOM 对象为超声图像")
        assert str(error) == error.detail

    def test_the_code_stands_where_the_reason_or_a_value_is_unknown(self):
        for language in LANGUAGES:
            words = Words(language)
            assert words.error("not_mammogram", "of_tomorrow") == words("errors.not_mammogram")
            assert words.error("image_too_small", "size", {"width": 9}) == words("errors.image_too_small")
            assert words.error("of_tomorrow") == words("errors.unknown")

    def test_a_worker_of_another_package_is_quoted_where_the_catalogue_says_less(self):
        assert Words("en").error("not_mammogram", None, {}, "It is a hand.") == "It is a hand."
        assert Words("zh").error("not_mammogram", None, {}, "It is a hand.") == Words("zh")("errors.not_mammogram")
        assert Words("zh").error("of_tomorrow", None, {}, "It is a hand.") == "It is a hand."


class TestPackages:
    def test_numbers_of_a_known_sentence_may_change(self):
        assert Words("zh").of_package("Sensitivity at 0.25 FPPI") == "FPPI为0.25时的灵敏度"
        assert Words("zh").of_package("A sentence of tomorrow.") is None
        assert Words("en").of_package("A sentence of tomorrow.") == "A sentence of tomorrow."


@pytest.mark.parametrize("code", ["images_ahead", "of_tomorrow"])
def test_no_value_hides_an_activity(code):
    assert Words("en").activity(Activity(code=code)) == code.replace("_", " ")


@pytest.mark.parametrize("values", [{"key": "x"}, {"self": "x"}, {"count": "x"}, {"count": None}, {}])
def test_no_value_hides_an_error(values):
    for code, reason in (("worker_lost", "tries"), ("queue_full", "user"), ("image_unreadable", None)):
        assert Words("zh").error(code, reason, values, "what the worker said")


def test_a_new_language_begins_with_an_entry_for_each_sentence_and_plural_form():
    english, german = read_catalogue("en"), Catalog("de")
    tidy(english, german)
    assert len(german) == len(english)
    entry = german["admin.days"]
    assert forms_of(entry) == ["", ""]
    assert entry.auto_comments == ["{count} day", "{count} days"]
