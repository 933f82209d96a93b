"""Every sentence of the portal, by key, in each language: one JSON file for each part of the portal.

A key is `<file>.<name>`. What counts has `<name>.one` and `<name>.other`. Scripts get the files that their page names.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lobule.contracts import pipeline_words
from lobule.contracts.certainty import percent
from lobule.contracts.language import LANGUAGES, Language, negotiate_language

OWN_NAMES: dict[Language, str] = {"en": "English", "zh": "中文"}
HTML_TAGS: dict[Language, str] = {"en": "en", "zh": "zh-Hans"}
COOKIE = "lobule_language"

_FOLDER = Path(__file__).parent


@cache
def catalogue(language: Language) -> dict[str, str]:
    """All sentences of a language."""
    words: dict[str, str] = {}
    for path in sorted((_FOLDER / language).glob("*.json")):
        words |= {f"{path.stem}.{name}": text for name, text in json.loads(path.read_text("utf-8")).items()}
    return words


def choose_language(cookie: str | None, accept_language: str) -> Language:
    """The user's choice, or else the best of what the browser accepts, or else English."""
    chosen: Language | None = next((language for language in LANGUAGES if language == cookie), None)
    return chosen or negotiate_language(accept_language)


@dataclass(frozen=True)
class Spoken:
    """Words and the language that they are in, as HTML names it."""

    text: str
    tag: str


class Words:
    """The sentences of one language, as templates use them.

    Args:
        language: Which.
    """

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self.tag = HTML_TAGS[language]
        self._words = catalogue(language)

    def __call__(self, key: str, **values: object) -> str:
        """The sentence of `key` with `values` filled in.

        Raises:
            KeyError: The catalogue has no such sentence, or a value for it is missing.
        """
        return self._words[key].format(**values)

    def template(self, key: str) -> str:
        """The sentence of `key` with its blanks."""
        return self._words[key]

    def count(self, key: str, count: int, **values: object) -> str:
        """The sentence for a number of things."""
        form = "one" if count == 1 and self.language == "en" else "other"
        return self(f"{key}.{form}", count=count, **values)

    def percent(self, probability: float) -> str:
        """A probability as a percentage."""
        return percent(probability, language=self.language)

    def of_code(self, code: str, otherwise: str) -> str:
        """The sentence of an error of the API; `otherwise` where it is not known here."""
        return self._words.get(f"errors.{code}", otherwise)

    def of_model(self, english: str) -> Spoken:
        """What a model package says of itself in English, in this language where that is known."""
        known = pipeline_words.sentence(self.language, english)
        return Spoken(english, "en") if known is None else Spoken(known, self.tag)

    def notices(self) -> dict[str, str]:
        """What pipelines say of images, for a page's scripts: by `notice.<code>`, none where it is said in English."""
        known = pipeline_words.by_code(self.language)
        return {key: text for key, text in known.items() if key.startswith("notice.")}

    def parts(self, *names: str) -> dict[str, str]:
        """All sentences of some files, for a page's scripts."""
        return {key: text for key, text in self._words.items() if key.split(".")[0] in names}
