"""Templates hold no sentence of their own, and every state has its sentences."""

import itertools
import re
from pathlib import Path
from typing import get_args

import pytest

import report
from lobule.contracts.errors import INPUT_ERROR_CODES, PIPELINE_ERROR_CODES
from lobule.contracts.reasons import ReasonCode, SuggestionCode
from lobule.contracts.result import Assessment
from lobule.modalities import PACKAGED
from lobule.words.catalogue import sentences

SOURCES = Path(report.__file__).parent


def test_every_state_of_every_modality_has_its_sentences():
    for modality, assessment in itertools.product((*PACKAGED, "any"), get_args(Assessment)):
        assert {f"conclusion.{modality}.{assessment}", f"next.{modality}.{assessment}"} <= sentences("en").keys()
    films = (spec.name for spec in PACKAGED.values() if spec.evidence == "film")
    for modality, assessment in itertools.product((*films, "any"), ("malignancy_suspected", "not_sure")):
        assert f"next.{modality}.{assessment}.marked" in sentences("en")


def test_every_code_has_its_sentence():
    codes = {
        *(f"reason.{code}" for code in get_args(ReasonCode)),
        *(f"suggestion.{code}" for code in get_args(SuggestionCode)),
        *(f"not_assessed.{code}" for code in INPUT_ERROR_CODES | PIPELINE_ERROR_CODES),
        *(f"errors.{code}" for code in INPUT_ERROR_CODES | PIPELINE_ERROR_CODES),
    }
    assert codes - sentences("en").keys() == set()


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
