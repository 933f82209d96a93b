"""Probabilities as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lobule.contracts.result import Thresholds
from lobule.words import Words

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
