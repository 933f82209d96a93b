import pytest

from lobule.contracts.result import Thresholds
from lobule.words import Words
from report.certainty import in_words, zones

THRESHOLDS = Thresholds(low=0.25, high=0.6)


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
        stretches = list(zones(THRESHOLDS, Words()))
        assert [(zone.start, zone.end) for zone in stretches] == [(0.0, 0.25), (0.25, 0.6), (0.6, 1.0)]
        assert all(THRESHOLDS.assess(zone.start) == zone.assessment for zone in stretches)

    def test_an_empty_zone_is_left_out(self):
        assert len(list(zones(Thresholds(low=0.5, high=0.5), Words()))) == 2
