"""What a report advises about a film, and what it says first of a finding."""

import re

import pytest

from lobule.contracts.language import LANGUAGES
from lobule.contracts.result import ADVICE_NOTICES, Notice
from lobule.words import Words
from report.section import build_section

SAMPLE = re.compile("biops|tissue sample|活检|取样")


@pytest.fixture
def section(mammogram, analysed_at):
    """The section about a film of this probability, its findings of these suspicions."""

    def build(probability, *suspicions, language="en", notices=()):
        result, _ = mammogram
        findings = [result.findings[0].model_copy(update={"probability_malignant": value}) for value in suspicions]
        changes = {"probability_malignant": probability, "findings": findings, "notices": list(notices)}
        result = result.model_copy(update=changes | {"assessment": result.thresholds.assess(probability)})
        return build_section(result, analysed_at, Words(language))

    return build


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("probability", [0.4, 0.9])
class TestAdvice:
    def test_without_a_suspicious_mark_no_biopsy_is_spoken_of(self, section, probability, language):
        for suspicions in ((), (0.1,), (0.01, 0.2)):
            step = section(probability, *suspicions, language=language).next_step
            assert not SAMPLE.search(step)
            assert re.search("ultrasound|超声", step)
            assert re.search("other view|另一体位", step)

    def test_with_one_imaging_comes_first(self, section, probability, language):
        step = section(probability, 0.1, 0.39, language=language).next_step
        assert SAMPLE.search(step)
        assert re.search("ultrasound|超声", step).start() < SAMPLE.search(step).start()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_clear_film_suggests_no_biopsy(section, language):
    assert not SAMPLE.search(section(0.1, 0.1, language=language).next_step)


def test_what_a_pipeline_advised_is_not_repeated(section):
    notices = [Notice(code=code, detail="A biopsy of the marked region is suggested.") for code in ADVICE_NOTICES]
    said = section(0.4, notices=[*notices, Notice(code="of_tomorrow", detail="No window.")])
    assert said.notices == ("No window.",)


class TestHeadline:
    @pytest.mark.parametrize(
        ("suspicion", "state"),
        [(0.05, "no_sign_of_malignancy"), (0.4, "not_sure"), (0.8, "malignancy_suspected"), (None, "unknown")],
    )
    def test_colour_follows_suspicion(self, section, suspicion, state):
        assert section(0.9, suspicion).findings[0].state == state

    def test_the_number_is_the_same_everywhere(self, section):
        row = section(0.9, 0.5999).findings[0]
        assert (row.suspicion, row.tag) == ("59.99%", "1  59.99%"), "not over a threshold by rounding"
        assert row.headline.endswith(row.suspicion)

    def test_the_likelier_class_is_a_detail(self, section):
        row = section(0.9, 0.05).findings[0]
        for words in (row.headline, row.tag):
            assert not re.search("mass|benign", words)
