import pytest
from hypothesis import given
from hypothesis import strategies as st

from lobule.contracts.result import Thresholds
from report.catalogue import Catalogue
from report.certainty import in_words, percent, zones

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
        assert percent(probability, THRESHOLDS) == shown

    @pytest.mark.parametrize(("probability", "shown"), [(0.000001, "under 0.01%"), (0.999999, "over 99.99%")])
    def test_never_claims_false_certainty(self, probability, shown):
        assert percent(probability, THRESHOLDS) == shown

    @given(st.floats(0, 1))
    def test_the_shown_number_assesses_like_the_real_one(self, probability):
        shown = percent(probability, THRESHOLDS)
        if shown[0].isdigit() and abs(probability - 0.25) > 1e-5 and abs(probability - 0.6) > 1e-5:
            assert THRESHOLDS.assess(float(shown.rstrip("%")) / 100) == THRESHOLDS.assess(probability)


class TestInWords:
    @pytest.mark.parametrize(
        ("probability", "key"),
        [
            (1.0, "very_likely"),
            (0.9, "very_likely"),
            (0.89, "likely"),
            (0.5, "even"),
            (0.1, "unlikely"),
            (0.0, "very_unlikely"),
        ],
    )
    def test_bands(self, probability, key):
        assert in_words(probability) == f"certainty.{key}"


class TestZones:
    def test_cover_the_scale_without_gap(self):
        stretches = list(zones(THRESHOLDS, Catalogue()))
        assert [(zone.start, zone.end) for zone in stretches] == [(0.0, 0.25), (0.25, 0.6), (0.6, 1.0)]
        assert all(THRESHOLDS.assess(zone.start) == zone.assessment for zone in stretches)

    def test_an_empty_zone_is_left_out(self):
        assert len(list(zones(Thresholds(low=0.5, high=0.5), Catalogue()))) == 2
