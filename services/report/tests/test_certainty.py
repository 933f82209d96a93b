import pytest
from rendered_reports import render

from lobule.contracts.language import LANGUAGES
from lobule.contracts.notices import WITHOUT_NUMBER
from lobule.contracts.result import Thresholds
from lobule.words import Words
from lobule.words.notices import make_notice
from report.certainty import certainty_of, frequency_of, in_words, zones

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


class TestWithoutNumber:
    """A result whose number decides nothing, such as of a field too coarse for the classifier."""

    @pytest.fixture(params=sorted(WITHOUT_NUMBER))
    def unnumbered(self, make_histology, request):
        return make_histology(0.9871, assessment="not_sure", notices=[make_notice(request.param, um="4")])

    def test_a_result_with_such_a_notice_has_none(self, unnumbered):
        result, _ = unnumbered
        assert {notice.code for notice in result.notices} <= WITHOUT_NUMBER
        assert (result.probability_malignant, result.shown_probability) == (0.9871, None)

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_reports_say_so_instead(self, unnumbered, analysed_at, language):
        result, files = unnumbered
        text = Words(language)
        assert certainty_of(result, text) == text("certainty.none")
        assert frequency_of(result, text) == ""
        made = render(result, files, analysed_at=analysed_at, language=language)
        for form in ("html", "json"):
            said = made[f"report.{language}.{form}"].decode()
            assert text("certainty.none") in said
            assert "98.7" not in said
            assert "99%" not in said
        assert made[f"report.{language}.pdf"].startswith(b"%PDF")
        assert made[f"report.{language}.png"].startswith(b"\x89PNG")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_percentages_beside_findings_are_said_in_words(mammogram, make_histology, analysed_at, language):
    words = Words(language)("pictures.tags")
    for (result, files), there in ((mammogram, True), (make_histology(), False)):
        page = render(result, files, analysed_at=analysed_at, language=language, forms={"html"})
        assert (words in page[f"report.{language}.html"].decode()) is there
