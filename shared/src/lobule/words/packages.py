"""Translates the sentences of model packages and pipelines.

A package states its training data, limits and measurements in English sentences, its pipeline the meaning of its heat
map. The catalogue knows the sentences of those that we ship, and finds them by their English, in which numbers may
change: `{0}`, `{1}` … stand for them.
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
    """The catalogue's keys by the English sentence, in which `#` stands for each number."""
    english = sentences("en").items()
    return {_NUMBER.sub("#", _BLANK.sub("#", str(text))): key for key, text in english if key.startswith("package.")}


def package_sentence(language: Language, english: str) -> str | None:
    """A sentence of a model package in another language; None if it is not known.

    Args:
        language: Wanted.
        english: As the package has it; spaces and line breaks do not matter.
    """
    if language == "en":
        return english
    text = " ".join(english.split())
    key = _keys().get(_NUMBER.sub("#", text))
    return str(sentences(language)[key]).format(*_NUMBER.findall(text)) if key else None
