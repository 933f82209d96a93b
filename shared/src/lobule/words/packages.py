"""Translates the sentences of model packages and pipelines.

A package states its training data, limits and measurements in English sentences, and its pipeline the meaning of its
heat map. The catalogue contains the sentences of the shipped packages and finds them by their English text, in which
`{0}`, `{1}` … stand for numbers that can change.
"""

import re
from collections.abc import Mapping
from functools import cache

from lobule.contracts.language import Language
from lobule.words.catalogue import sentences

_NUMBER = re.compile(r"\d+(?:\.\d+)*")
_BLANK = re.compile(r"\{\d+\}")


@cache
def _keys() -> Mapping[str, str]:
    """The catalogue's keys by the English sentence, with `#` in place of each number."""
    english = sentences("en").items()
    return {_NUMBER.sub("#", _BLANK.sub("#", str(text))): key for key, text in english if key.startswith("package.")}


def package_sentence(language: Language, english: str) -> str | None:
    """Translate a sentence of a model package; None if it is unknown.

    Args:
        language: Language of the translation.
        english: Sentence in the package; spaces and line breaks do not matter.
    """
    if language == "en":
        return english
    text = " ".join(english.split())
    key = _keys().get(_NUMBER.sub("#", text))
    return str(sentences(language)[key]).format(*_NUMBER.findall(text)) if key else None
