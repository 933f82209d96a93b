import itertools
import re
from pathlib import Path
from typing import get_args

import report
from lobule.contracts.result import Assessment, Modality
from report.catalogue import CATALOGUES, ENGLISH

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
        written |= set(re.findall(r"""\b(?:text|t)\("([\w.]+)"[,)]""", path.read_text("utf-8")))
    assert len(written) > 30
    assert written <= ENGLISH.keys()
