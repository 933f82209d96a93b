import itertools
import re
from pathlib import Path
from typing import get_args

import pytest

import report
from lobule.contracts.case import ReasonCode, SuggestionCode
from lobule.contracts.case_words import REASONS, SUGGESTIONS
from lobule.contracts.errors import INPUT_ERROR_CODES, PIPELINE_ERROR_CODES
from lobule.contracts.pipeline_words import by_code
from lobule.contracts.result import Assessment, Modality
from report.catalogue import CATALOGUES, CHINESE, ENGLISH

SOURCES = Path(report.__file__).parent


def test_every_language_has_the_same_sentences_and_values():
    def blanks(sentence: str) -> set[str]:
        return set(re.findall(r"{(\w+)}", sentence))

    for sentences in CATALOGUES.values():
        assert sentences.keys() == ENGLISH.keys()
        assert all(blanks(sentences[key]) == blanks(ENGLISH[key]) for key in ENGLISH)


def test_every_state_of_every_modality_has_its_sentences():
    for modality, assessment in itertools.product(get_args(Modality), get_args(Assessment)):
        assert {f"conclusion.{modality}.{assessment}", f"next.{modality}.{assessment}"} <= ENGLISH.keys()


def test_every_key_written_in_the_sources_exists():
    written = set()
    for path in [*SOURCES.glob("*.py"), *SOURCES.glob("templates/*")]:
        written |= set(re.findall(r"""\b(?:text|t|w|filled|group|counted)\("([\w.]+)"[,)]""", path.read_text("utf-8")))
    assert len(written) > 30
    assert written <= ENGLISH.keys()


def test_case_words_are_complete_in_every_language():
    for words, codes in ((REASONS, ReasonCode), (SUGGESTIONS, SuggestionCode)):
        assert words.keys() == CATALOGUES.keys()
        for sentences in words.values():
            assert sentences.keys() == set(get_args(codes))
            for code in sentences:
                blanks = {language: set(re.findall(r"{(\w+)}", words[language][code])) for language in words}
                assert len(set(map(frozenset, blanks.values()))) == 1, code


def test_chinese_is_chinese():
    same = {key for key in ENGLISH if ENGLISH[key] == CHINESE[key]}
    assert all(not re.search(r"[a-z]{3}", re.sub(r"{\w+}", "", ENGLISH[key])) for key in same - {"document.product"})


def test_every_error_that_a_user_can_meet_is_known_in_chinese():
    assert {f"error.{code}" for code in INPUT_ERROR_CODES | PIPELINE_ERROR_CODES} <= by_code("zh").keys()


@pytest.mark.parametrize("template", sorted(SOURCES.glob("templates/*.html.j2")), ids=lambda path: path.name)
def test_no_page_template_holds_words(template):
    bare = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}|<style>.*?</style>", " ", template.read_text("utf-8"), flags=re.DOTALL)
    assert re.findall(r"[A-Za-z]{2,}", re.sub(r"<[^>]*>", " ", bare)) == []
    assert re.findall(r'(?:alt|title|aria-label)="[^"]*[a-z][^"]*"', bare) == []


@pytest.mark.parametrize("template", sorted(SOURCES.glob("templates/*.typ")), ids=lambda path: path.name)
def test_no_typst_template_holds_words(template):
    source = re.sub(r"//[^\n]*", "", template.read_text("utf-8"))
    sentences = {text for text in re.findall(r'"([^"]*)"', source) if re.search(r"[A-Za-z] [A-Za-z]", text)}
    assert sentences <= {"Source Sans Pro", "Noto Sans SC"}
    content = re.findall(r"\[([^\[\]]*)\]", re.sub(r'"[^"]*"', "", source))
    assert not [text for text in content if re.search(r"[A-Za-z]{2,}", text)]
